-- Changing rows of two queries in one aggregate.
SELECT n, count(*) AS groups
FROM (
    SELECT dest, count(*) AS n FROM flights GROUP BY dest
    UNION ALL
    SELECT carrier, count(*) AS n FROM flights WHERE dep_delay > 0 GROUP BY carrier
) AS counts
GROUP BY n;
