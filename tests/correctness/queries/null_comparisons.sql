-- IN, NOT IN, BETWEEN and IS DISTINCT FROM where NULLs are about.
SELECT
    count(*) AS all_rows,
    count(*) FILTER (WHERE tailnum IN ('N328AA', 'N338AA', NULL)) AS in_list,
    count(*) FILTER (WHERE tailnum NOT IN ('N328AA', 'N338AA')) AS not_in_list,
    count(*) FILTER (WHERE tailnum NOT IN ('N328AA', NULL)) AS not_in_list_with_null,
    count(*) FILTER (WHERE dep_delay BETWEEN -5 AND 5) AS around_zero,
    count(*) FILTER (WHERE dep_delay NOT BETWEEN -5 AND 5) AS away_from_zero,
    count(*) FILTER (WHERE dep_time = NULL) AS equals_null,
    count(*) FILTER (WHERE dep_time IS NOT DISTINCT FROM sched_dep_time) AS same_time,
    count(*) FILTER (WHERE dep_time IS DISTINCT FROM sched_dep_time) AS other_time,
    count(*) FILTER (WHERE dep_time IS NOT DISTINCT FROM NULL) AS no_time
FROM flights;
