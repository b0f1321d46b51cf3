-- Aggregates of floating-point columns with NULLs.
SELECT
    origin, count(wind_gust) AS gusts, min(wind_speed) AS calm, max(wind_gust) AS storm, avg(pressure) AS pressure_,
    sum(wind_speed) AS wind, avg(humid) FILTER (WHERE visib < 2) AS humid_in_fog
FROM weather
GROUP BY origin;
