-- 20 minutes of every hour: a row is in one window or in none.
SELECT window_start, window_end, count(*) AS flights
FROM HOP(flights, scheduled_dep, INTERVAL '1' HOUR, INTERVAL '20' MINUTE)
GROUP BY window_start, window_end;
-- duckdb:
SELECT bucket(INTERVAL 1 HOUR, scheduled_dep) AS window_start, window_start + INTERVAL 20 MINUTE AS window_end, count(*) AS flights
FROM flights
WHERE scheduled_dep < bucket(INTERVAL 1 HOUR, scheduled_dep) + INTERVAL 20 MINUTE
GROUP BY window_start;
