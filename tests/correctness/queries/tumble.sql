-- Windows of one size, by key.
SELECT window_start, window_end, carrier, count(*) AS flights, avg(dep_delay) AS delay, max(arr_delay) AS worst
FROM TUMBLE(flights, scheduled_dep, INTERVAL '1' HOUR)
GROUP BY window_start, window_end, carrier;
-- duckdb:
SELECT
    bucket(INTERVAL 1 HOUR, scheduled_dep) AS window_start, window_start + INTERVAL 1 HOUR AS window_end, carrier,
    count(*) AS flights, avg(dep_delay) AS delay, max(arr_delay) AS worst
FROM flights
GROUP BY window_start, carrier;
