-- From DOUBLE to the nearest, halves to the even; from DECIMAL halves away from zero.
SELECT
    arr_delay, CAST(arr_delay / 4.0::DOUBLE AS INT) AS from_double, CAST(CAST(arr_delay AS DECIMAL(9, 2)) * 0.25 AS INT) AS from_decimal
FROM flights
WHERE carrier = 'F9';
