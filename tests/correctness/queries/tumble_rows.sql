-- The window function alone: every row with its window.
SELECT window_start, window_end, carrier, flight, scheduled_dep
FROM TUMBLE(flights, scheduled_dep, INTERVAL '15' MINUTE)
WHERE dest = 'BOS';
-- duckdb:
SELECT
    bucket(INTERVAL 15 MINUTE, scheduled_dep) AS window_start, window_start + INTERVAL 15 MINUTE AS window_end, carrier, flight,
    scheduled_dep
FROM flights
WHERE dest = 'BOS';
