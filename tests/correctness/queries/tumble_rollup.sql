-- Subtotals within windows.
SELECT window_start, origin, carrier, count(*) AS flights, grouping(origin, carrier) AS level_
FROM TUMBLE(flights, scheduled_dep, INTERVAL '1' DAY)
GROUP BY window_start, window_end, ROLLUP (origin, carrier);
-- duckdb:
SELECT window_start, origin, carrier, count(*) AS flights, grouping(origin, carrier) AS level_
FROM (SELECT bucket(INTERVAL 1 DAY, scheduled_dep) AS window_start, * FROM flights)
GROUP BY window_start, ROLLUP (origin, carrier);
