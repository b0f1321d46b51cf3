-- The window as a function among the keys.
SELECT window_start, window_end, dest, count(*) AS flights
FROM flights
WHERE origin = 'JFK'
GROUP BY tumble(INTERVAL '6' HOUR), dest;
-- duckdb:
SELECT bucket(INTERVAL 6 HOUR, scheduled_dep) AS window_start, window_start + INTERVAL 6 HOUR AS window_end, dest, count(*) AS flights
FROM flights
WHERE origin = 'JFK'
GROUP BY window_start, dest;
