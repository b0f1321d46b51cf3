-- How long sessions are, each length once.
SELECT DISTINCT extract(epoch FROM (window_end - window_start)) AS seconds, flights
FROM (
    SELECT window_start, window_end, count(*) AS flights
    FROM SESSION(flights PARTITION BY dest, scheduled_dep, INTERVAL '1' HOUR)
    GROUP BY window_start, window_end, dest
) AS sessions;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY dest ORDER BY scheduled_dep) >= INTERVAL 1 HOUR, true) AS is_first
    FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY dest ORDER BY scheduled_dep) AS session FROM marked
)
SELECT DISTINCT epoch(max(scheduled_dep) + INTERVAL 1 HOUR - min(scheduled_dep)) AS seconds, count(*) AS flights
FROM numbered
GROUP BY dest, session;
