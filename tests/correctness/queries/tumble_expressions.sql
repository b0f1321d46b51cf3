-- Expressions of the window's bounds, and HAVING on an aggregate that is not shown.
SELECT
    date_trunc('day', window_start) AS day_, extract(hour FROM window_end) AS until_, upper(dest) AS dest,
    count(*) * 2 AS twice, sum(distance) / count(*) AS mean_distance
FROM TUMBLE(flights, scheduled_dep, INTERVAL '2' HOUR)
WHERE carrier <> 'UA'
GROUP BY window_start, window_end, upper(dest)
HAVING max(dep_delay) > 30;
-- duckdb:
SELECT
    date_trunc('day', bucket(INTERVAL 2 HOUR, scheduled_dep)) AS day_,
    extract(hour FROM bucket(INTERVAL 2 HOUR, scheduled_dep) + INTERVAL 2 HOUR) AS until_, upper(dest) AS dest,
    count(*) * 2 AS twice, sum(distance) / count(*) AS mean_distance
FROM flights
WHERE carrier <> 'UA'
GROUP BY bucket(INTERVAL 2 HOUR, scheduled_dep), upper(dest)
HAVING max(dep_delay) > 30;
