-- Days of New York: windows shifted by five hours.
SELECT window_start, window_end, origin, count(*) AS flights, min(day) AS from_day, max(day) AS to_day
FROM TUMBLE(flights, scheduled_dep, INTERVAL '1' DAY, INTERVAL '5' HOUR)
GROUP BY window_start, window_end, origin;
-- duckdb:
SELECT
    bucket(INTERVAL 1 DAY, scheduled_dep - INTERVAL 5 HOUR) + INTERVAL 5 HOUR AS window_start,
    window_start + INTERVAL 1 DAY AS window_end, origin, count(*) AS flights, min(day) AS from_day, max(day) AS to_day
FROM flights
GROUP BY window_start, origin;
