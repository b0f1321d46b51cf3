-- The older name of the tumbling window, without keys.
SELECT count(*) AS flights, count(DISTINCT dest) AS dests, min(dep_delay) AS earliest
FROM flights WINDOW('timeBatch', 12 HOURS);
-- duckdb:
SELECT count(*) AS flights, count(DISTINCT dest) AS dests, min(dep_delay) AS earliest
FROM flights
GROUP BY bucket(INTERVAL 12 HOUR, scheduled_dep);
