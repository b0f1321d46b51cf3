-- The window function alone: a row once for each of its windows.
SELECT window_start, window_end, flight, scheduled_dep
FROM HOP(flights, scheduled_dep, INTERVAL '20' MINUTE, INTERVAL '50' MINUTE)
WHERE carrier = 'AS';
-- duckdb:
SELECT window_start, window_start + INTERVAL 50 MINUTE AS window_end, flight, scheduled_dep
FROM (SELECT *, bucket(INTERVAL 20 MINUTE, scheduled_dep) - k * INTERVAL 20 MINUTE AS window_start FROM flights, range(3) AS r(k))
WHERE window_start + INTERVAL 50 MINUTE > scheduled_dep AND carrier = 'AS';
