-- Sessions of the whole stream: the nights are the gaps.
SELECT window_start, window_end, count(*) AS flights, avg(dep_delay) AS delay
FROM SESSION(flights, scheduled_dep, INTERVAL '30' MINUTE)
GROUP BY window_start, window_end;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (ORDER BY scheduled_dep) >= INTERVAL 30 MINUTE, true) AS is_first FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (ORDER BY scheduled_dep) AS session FROM marked
)
SELECT
    min(scheduled_dep) AS window_start, max(scheduled_dep) + INTERVAL 30 MINUTE AS window_end, count(*) AS flights, avg(dep_delay) AS delay
FROM numbered
GROUP BY session;
