-- Arguments by name, in another order than theirs.
SELECT window_start, window_end, count(*) AS flights, count(DISTINCT tailnum) AS planes
FROM TABLE(TUMBLE(DATA => TABLE flights, SIZE => INTERVAL '1' DAY, TIMECOL => DESCRIPTOR(scheduled_dep)))
GROUP BY window_start, window_end;
-- duckdb:
SELECT
    bucket(INTERVAL 1 DAY, scheduled_dep) AS window_start, window_start + INTERVAL 1 DAY AS window_end, count(*) AS flights,
    count(DISTINCT tailnum) AS planes
FROM flights
GROUP BY window_start;
