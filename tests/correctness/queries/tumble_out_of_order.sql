-- Rows up to 31 days out of order, none of them late.
SELECT window_start, count(*) AS n, avg(wind_speed) AS wind, min(temp) AS coldest, sum(precip) AS rain, count(wind_gust) AS gusts
FROM TUMBLE(weather, time_hour, INTERVAL '8' HOUR)
GROUP BY window_start, window_end;
-- duckdb:
SELECT
    bucket(INTERVAL 8 HOUR, time_hour) AS window_start, count(*) AS n, avg(wind_speed) AS wind, min(temp) AS coldest,
    sum(precip) AS rain, count(wind_gust) AS gusts
FROM weather
GROUP BY window_start;
