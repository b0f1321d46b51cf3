-- Windows that overlap: each row is in four.
SELECT window_start, window_end, origin, count(*) AS flights, avg(dep_delay) AS delay
FROM HOP(flights, scheduled_dep, INTERVAL '15' MINUTE, INTERVAL '1' HOUR)
GROUP BY window_start, window_end, origin;
-- duckdb:
SELECT window_start, window_start + INTERVAL 1 HOUR AS window_end, origin, count(*) AS flights, avg(dep_delay) AS delay
FROM (SELECT *, bucket(INTERVAL 15 MINUTE, scheduled_dep) - k * INTERVAL 15 MINUTE AS window_start FROM flights, range(4) AS r(k))
GROUP BY window_start, window_end, origin;
