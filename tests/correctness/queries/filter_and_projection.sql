-- Rows and columns are picked, renamed and computed; NULL in a condition keeps a row out.
SELECT
    carrier, flight, origin || '-' || dest AS route, dep_delay, arr_delay,
    arr_delay - dep_delay AS lost_in_the_air, distance * 1.609344 AS kilometres, scheduled_dep
FROM flights
WHERE dep_delay > 60 AND arr_delay < dep_delay - 15 AND origin <> 'EWR';
