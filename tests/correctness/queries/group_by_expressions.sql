-- Grouping by expressions, by an ordinal and by an alias.
SELECT
    date_trunc('day', scheduled_dep) AS day_, CASE WHEN distance > 1000 THEN 'far' ELSE 'near' END AS range_, origin,
    count(*) AS flights, sum(air_time) AS minutes
FROM flights
GROUP BY date_trunc('day', scheduled_dep), 2, origin;
