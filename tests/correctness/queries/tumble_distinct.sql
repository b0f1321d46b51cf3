-- Which rows there were in each window, each once.
SELECT DISTINCT window_start, window_end, dest
FROM TUMBLE(flights, scheduled_dep, INTERVAL '3' HOUR)
WHERE dep_delay > 45;
-- duckdb:
SELECT DISTINCT bucket(INTERVAL 3 HOUR, scheduled_dep) AS window_start, window_start + INTERVAL 3 HOUR AS window_end, dest
FROM flights
WHERE dep_delay > 45;
