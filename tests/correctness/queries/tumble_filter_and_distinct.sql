-- FILTER, DISTINCT and ordered aggregates within windows.
SELECT
    window_start, origin, count(*) FILTER (WHERE dep_delay > 15) AS late, count(DISTINCT carrier) AS carriers,
    count(DISTINCT dest) FILTER (WHERE distance > 1000) AS far_dests, stddev(dep_delay) AS deviation,
    string_agg(carrier, '' ORDER BY scheduled_dep, carrier, flight) FILTER (WHERE dest = 'ORD') AS to_chicago,
    first_value(dest ORDER BY scheduled_dep, carrier, flight) AS first_dest
FROM TUMBLE(flights, scheduled_dep, INTERVAL '4' HOUR)
GROUP BY window_start, window_end, origin
HAVING count(*) > 10;
-- duckdb:
SELECT
    bucket(INTERVAL 4 HOUR, scheduled_dep) AS window_start, origin, count(*) FILTER (WHERE dep_delay > 15) AS late,
    count(DISTINCT carrier) AS carriers, count(DISTINCT dest) FILTER (WHERE distance > 1000) AS far_dests,
    stddev(dep_delay) AS deviation,
    string_agg(carrier, '' ORDER BY scheduled_dep, carrier, flight) FILTER (WHERE dest = 'ORD') AS to_chicago,
    first(dest ORDER BY scheduled_dep, carrier, flight) AS first_dest
FROM flights
GROUP BY window_start, origin
HAVING count(*) > 10;
