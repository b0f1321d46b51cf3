-- Decimals row by row.
SELECT
    origin, time_hour, temp - dewp AS spread, temp + 0.005 AS more, temp * precip AS product, -temp AS negative,
    CAST(temp AS DOUBLE) AS approximate, CAST(precip AS STRING) AS text_, CAST(temp AS DECIMAL(5, 1)) AS rounded
FROM weather
WHERE precip > 0;
