-- Values in lists and strings, ordered, so that there is one right answer.
SELECT
    dest, array_agg(flight ORDER BY scheduled_dep, flight, carrier) AS numbers,
    string_agg(carrier, ',' ORDER BY scheduled_dep, flight, carrier) AS carriers,
    array_agg(dep_delay ORDER BY scheduled_dep DESC, flight, carrier) FILTER (WHERE hour > 15) AS evening
FROM flights
WHERE carrier IN ('HA', 'YV', 'F9', 'AS', 'OO')
GROUP BY dest;
