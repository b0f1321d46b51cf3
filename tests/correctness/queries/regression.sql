-- Straight lines through the weather.
SELECT
    origin, regr_slope(wind_gust, wind_speed) AS slope, regr_intercept(wind_gust, wind_speed) AS intercept,
    regr_r2(wind_gust, wind_speed) AS fit, regr_count(wind_gust, wind_speed) AS n
FROM weather
GROUP BY origin;
