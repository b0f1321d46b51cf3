-- The hopping window after the stream's name.
SELECT origin, count(*) AS flights, min(dep_delay) AS earliest
FROM flights WINDOW HOPPING(30 MINUTES, 2 HOURS)
GROUP BY origin;
-- duckdb:
SELECT origin, count(*) AS flights, min(dep_delay) AS earliest
FROM (SELECT *, bucket(INTERVAL 30 MINUTE, scheduled_dep) - k * INTERVAL 30 MINUTE AS window_start FROM flights, range(4) AS r(k))
GROUP BY window_start, origin;
