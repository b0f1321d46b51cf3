-- The busiest carrier's count in each window: windows grouped once more by their bounds.
SELECT window_start, window_end, max(flights) AS most, min(flights) AS fewest, count(*) AS carriers, sum(flights) AS total
FROM (
    SELECT window_start, window_end, carrier, count(*) AS flights
    FROM TUMBLE(flights, scheduled_dep, INTERVAL '3' HOUR)
    GROUP BY window_start, window_end, carrier
) AS per_carrier
GROUP BY window_start, window_end;
-- duckdb:
SELECT window_start, window_start + INTERVAL 3 HOUR AS window_end, max(flights) AS most, min(flights) AS fewest, count(*) AS carriers, sum(flights) AS total
FROM (
    SELECT bucket(INTERVAL 3 HOUR, scheduled_dep) AS window_start, carrier, count(*) AS flights FROM flights GROUP BY window_start, carrier
) AS per_carrier
GROUP BY window_start, window_end;
