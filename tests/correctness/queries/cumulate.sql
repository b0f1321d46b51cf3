-- The day so far, every six hours.
SELECT window_start, window_end, carrier, count(*) AS flights, max(dep_delay) AS worst
FROM CUMULATE(flights, scheduled_dep, INTERVAL '6' HOUR, INTERVAL '1' DAY)
GROUP BY window_start, window_end, carrier;
-- duckdb:
SELECT window_start, window_start + k * INTERVAL 6 HOUR AS window_end, carrier, count(*) AS flights, max(dep_delay) AS worst
FROM (SELECT *, bucket(INTERVAL 1 DAY, scheduled_dep) AS window_start FROM flights), range(1, 5) AS r(k)
WHERE scheduled_dep < window_start + k * INTERVAL 6 HOUR
GROUP BY window_start, window_end, carrier;
