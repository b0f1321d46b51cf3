-- Between numbers, text, dates and timestamps, in all three spellings.
SELECT
    CAST(flight AS STRING) AS flight_text, flight::DOUBLE / 2 AS half, CAST(lpad(CAST(dep_time AS STRING), 4, '0') AS INT) AS dep_again,
    CAST(distance AS DOUBLE) AS miles, CAST(arr_delay AS BIGINT) * 3000000000 AS large,
    CAST('2013-01-0' || CAST(extract(dow FROM scheduled_dep) + 1 AS INT)::STRING AS DATE) AS date_,
    TRY_CAST(tailnum AS INT) AS no_number, TRY_CAST(substr(tailnum, 2, 3) AS INT) AS maybe_number,
    CAST(dep_delay > 0 AS INT) AS late
FROM flights
WHERE carrier = 'AS';
