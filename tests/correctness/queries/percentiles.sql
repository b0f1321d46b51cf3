-- Median and other percentiles, interpolated.
SELECT
    carrier, percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(arr_delay AS DOUBLE)) AS middle,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY CAST(arr_delay AS DOUBLE)) AS ninetieth,
    median(CAST(distance AS DOUBLE)) AS distance_
FROM flights
GROUP BY carrier;
