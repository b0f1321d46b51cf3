-- A query over a query, both with conditions.
SELECT origin, route, hours * 60 AS minutes
FROM (
    SELECT origin, origin || dest AS route, air_time / 60 AS hours FROM flights WHERE air_time IS NOT NULL
) AS flown
WHERE hours >= 5;
