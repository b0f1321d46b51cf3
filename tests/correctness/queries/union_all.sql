-- Streams of different shapes in one; equal rows stay.
SELECT origin AS place, hour, 'flight' AS kind, CAST(distance AS DOUBLE) AS amount FROM flights WHERE carrier = 'VX'
UNION ALL
SELECT origin, hour, 'weather', wind_gust FROM weather
UNION ALL
SELECT origin, hour, 'flight', distance FROM flights WHERE carrier IN ('VX', 'AS');
