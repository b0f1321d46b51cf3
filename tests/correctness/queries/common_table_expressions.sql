-- A chain of named queries, the first read twice.
WITH flown AS (
    SELECT carrier, origin, arr_delay - dep_delay AS gained FROM flights WHERE arr_delay IS NOT NULL
), per_carrier AS (
    SELECT carrier, sum(gained) AS total FROM flown GROUP BY carrier
), per_origin AS (
    SELECT origin, sum(gained) AS total FROM flown GROUP BY origin
)
SELECT carrier AS name, total FROM per_carrier
UNION ALL
SELECT origin AS name, total FROM per_origin;
