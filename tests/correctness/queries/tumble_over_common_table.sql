-- A window over a named query that filters and computes.
WITH late AS (
    SELECT carrier, dep_delay - 30 AS beyond, scheduled_dep AS at FROM flights WHERE dep_delay > 30
)
SELECT window_start, carrier, sum(beyond) AS beyond, count(*) AS n
FROM TUMBLE(late, at, INTERVAL '1' DAY)
GROUP BY window_start, window_end, carrier;
-- duckdb:
SELECT bucket(INTERVAL 1 DAY, scheduled_dep) AS window_start, carrier, sum(dep_delay - 30) AS beyond, count(*) AS n
FROM flights
WHERE dep_delay > 30
GROUP BY window_start, carrier;
