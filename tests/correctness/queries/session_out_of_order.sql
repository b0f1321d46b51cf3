-- Rows arrive a month out of order: sessions that began apart grow together. Hours of calm weather, at any airport.
WITH calm AS (SELECT * FROM weather WHERE wind_speed < 5)
SELECT window_start, window_end, count(*) AS n, min(temp) AS coldest, count(DISTINCT origin) AS airports
FROM SESSION(calm, time_hour, INTERVAL '2' HOUR)
GROUP BY window_start, window_end;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(time_hour - lag(time_hour) OVER (ORDER BY time_hour) >= INTERVAL 2 HOUR, true) AS is_first
    FROM weather
    WHERE wind_speed < 5
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (ORDER BY time_hour) AS session FROM marked
)
SELECT
    min(time_hour) AS window_start, max(time_hour) + INTERVAL 2 HOUR AS window_end, count(*) AS n, min(temp) AS coldest,
    count(DISTINCT origin) AS airports
FROM numbered
GROUP BY session;
