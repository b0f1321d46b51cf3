-- The long form; columns qualified by the stream's name and by an alias.
SELECT w.window_start, w.dest, count(w.flight) AS flights, sum(w.air_time) AS minutes
FROM TABLE(HOP(TABLE flights, DESCRIPTOR(scheduled_dep), INTERVAL '12' HOUR, INTERVAL '1' DAY)) AS w
WHERE w.origin = 'LGA'
GROUP BY w.window_start, w.window_end, w.dest
UNION ALL
SELECT flights.window_start, flights.carrier, count(flights.flight), sum(flights.air_time)
FROM HOP(flights, scheduled_dep, INTERVAL '12' HOUR, INTERVAL '1' DAY)
GROUP BY flights.window_start, flights.window_end, flights.carrier;
-- duckdb:
WITH hopped AS (
    SELECT *, bucket(INTERVAL 12 HOUR, scheduled_dep) - k * INTERVAL 12 HOUR AS window_start FROM flights, range(2) AS r(k)
)
SELECT window_start, dest, count(flight) AS flights, sum(air_time) AS minutes
FROM hopped
WHERE origin = 'LGA'
GROUP BY window_start, dest
UNION ALL
SELECT window_start, carrier, count(flight), sum(air_time) FROM hopped GROUP BY window_start, carrier;
