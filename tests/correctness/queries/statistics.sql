-- Variance and its kin, with groups of a single row (of which DuckDB says that their correlation is NaN).
SELECT
    dest, stddev(arr_delay) AS sample, stddev_pop(arr_delay) AS population, var_samp(dep_delay) AS variance,
    var_pop(dep_delay) AS variance_pop, CASE WHEN count(*) > 1 THEN corr(CAST(dep_delay AS DOUBLE), CAST(arr_delay AS DOUBLE)) END AS correlation,
    covar_pop(CAST(distance AS DOUBLE), CAST(air_time AS DOUBLE)) AS covariance,
    covar_samp(CAST(distance AS DOUBLE), CAST(air_time AS DOUBLE)) AS covariance_sample
FROM flights
WHERE arr_delay IS NOT NULL
GROUP BY dest
HAVING count(*) = 1 OR (stddev(arr_delay) > 0 AND stddev(dep_delay) > 0 AND stddev(distance) > 0);
