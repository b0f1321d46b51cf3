-- The slide comes before the size, as in the table function.
SELECT window_start, window_end, carrier, sum(distance) AS miles
FROM flights
GROUP BY hop(INTERVAL '4' HOUR, INTERVAL '10' HOUR), carrier;
-- duckdb:
SELECT window_start, window_start + INTERVAL 10 HOUR AS window_end, carrier, sum(distance) AS miles
FROM (SELECT *, bucket(INTERVAL 4 HOUR, scheduled_dep) - k * INTERVAL 4 HOUR AS window_start FROM flights, range(3) AS r(k))
WHERE window_start + INTERVAL 10 HOUR > scheduled_dep
GROUP BY window_start, window_end, carrier;
