-- Hours and days of one stream in one result.
SELECT 'hour' AS size_, window_start, count(*) AS flights
FROM TUMBLE(flights, scheduled_dep, INTERVAL '1' HOUR)
GROUP BY window_start, window_end
UNION ALL
SELECT 'day' AS size_, window_start, count(*) AS flights
FROM TUMBLE(flights, scheduled_dep, INTERVAL '1' DAY)
GROUP BY window_start, window_end;
-- duckdb:
SELECT 'hour' AS size_, bucket(INTERVAL 1 HOUR, scheduled_dep) AS window_start, count(*) AS flights FROM flights GROUP BY window_start
UNION ALL
SELECT 'day' AS size_, bucket(INTERVAL 1 DAY, scheduled_dep) AS window_start, count(*) AS flights FROM flights GROUP BY window_start;
