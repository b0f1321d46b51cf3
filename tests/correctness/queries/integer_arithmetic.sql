-- Division truncates towards zero and the remainder has the sign of the dividend.
SELECT
    flight, arr_delay, arr_delay / 7 AS weeks, arr_delay % 7 AS days, -arr_delay / 4 AS quarter, distance / air_time AS speed,
    distance * 1000 + flight AS packed, (arr_delay + 3) * (dep_delay - 3) AS product
FROM flights
WHERE carrier = 'FL' AND air_time > 0;
