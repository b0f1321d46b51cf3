-- A plane's days: departures less than eight hours apart.
SELECT window_start, window_end, tailnum, count(*) AS flights, sum(distance) AS miles, max(dest) AS last_dest
FROM SESSION(flights PARTITION BY tailnum, scheduled_dep, INTERVAL '8' HOUR)
GROUP BY window_start, window_end, tailnum;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY tailnum ORDER BY scheduled_dep) >= INTERVAL 8 HOUR, true) AS is_first
    FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY tailnum ORDER BY scheduled_dep) AS session FROM marked
)
SELECT
    min(scheduled_dep) AS window_start, max(scheduled_dep) + INTERVAL 8 HOUR AS window_end, tailnum, count(*) AS flights,
    sum(distance) AS miles, max(dest) AS last_dest
FROM numbered
GROUP BY tailnum, session;
