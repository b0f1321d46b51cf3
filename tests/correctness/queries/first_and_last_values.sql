-- The first and the last by an order that has no ties, NULLs included.
SELECT
    tailnum, first_value(dest ORDER BY scheduled_dep, carrier, flight) AS first_dest,
    last_value(dest ORDER BY scheduled_dep, carrier, flight) AS last_dest,
    first_value(dep_delay ORDER BY distance DESC, scheduled_dep, carrier, flight) AS delay_of_longest,
    last_value(arr_delay ORDER BY scheduled_dep, carrier, flight) AS last_delay
FROM flights
WHERE carrier IN ('US', 'HA', 'WN')
GROUP BY tailnum;
-- duckdb:
SELECT
    tailnum, first(dest ORDER BY scheduled_dep, carrier, flight) AS first_dest,
    last(dest ORDER BY scheduled_dep, carrier, flight) AS last_dest,
    first(dep_delay ORDER BY distance DESC, scheduled_dep, carrier, flight) AS delay_of_longest,
    last(arr_delay ORDER BY scheduled_dep, carrier, flight) AS last_delay
FROM flights
WHERE carrier IN ('US', 'HA', 'WN')
GROUP BY tailnum;
