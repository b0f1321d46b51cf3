-- TABLE and DESCRIPTOR spelled out; a size that divides neither the hour nor the day.
SELECT window_start, window_end, origin, count(*) AS flights, sum(distance) AS miles
FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(scheduled_dep), INTERVAL '7' MINUTE))
GROUP BY window_start, window_end, origin;
-- duckdb:
SELECT
    bucket(INTERVAL 7 MINUTE, scheduled_dep) AS window_start, window_start + INTERVAL 7 MINUTE AS window_end, origin,
    count(*) AS flights, sum(distance) AS miles
FROM flights
GROUP BY window_start, origin;
