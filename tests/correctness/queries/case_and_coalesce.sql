-- Both forms of CASE, a missing ELSE, COALESCE, NULLIF, GREATEST and LEAST.
SELECT
    flight, scheduled_dep,
    CASE WHEN dep_delay IS NULL THEN 'cancelled' WHEN dep_delay > 60 THEN 'very late' WHEN dep_delay > 0 THEN 'late'
        ELSE 'in time' END AS state,
    CASE origin WHEN 'JFK' THEN 'Kennedy' WHEN 'LGA' THEN 'LaGuardia' END AS airport,
    coalesce(dep_delay, arr_delay, -999) AS delay,
    nullif(minute, 0) AS odd_minute,
    greatest(dep_delay, arr_delay, 0) AS worst,
    least(dep_delay, arr_delay) AS best
FROM flights
WHERE carrier IN ('US', 'YV');
