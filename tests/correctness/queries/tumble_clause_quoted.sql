-- The same with the window's kind in quotes, filtered before and after.
SELECT origin, count(*) AS flights, max(dep_delay) AS worst
FROM flights WINDOW('tumbling', 90 MINUTES)
WHERE dep_delay > 0
GROUP BY origin
HAVING count(*) > 5;
-- duckdb:
SELECT origin, count(*) AS flights, max(dep_delay) AS worst
FROM flights
WHERE dep_delay > 0
GROUP BY bucket(INTERVAL 90 MINUTE, scheduled_dep), origin
HAVING count(*) > 5;
