-- The session among the keys: the other keys are the session's.
SELECT window_start, window_end, dest, count(*) AS flights
FROM flights
WHERE distance > 1000
GROUP BY session(INTERVAL '3' HOUR), dest;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY dest ORDER BY scheduled_dep) >= INTERVAL 3 HOUR, true) AS is_first
    FROM flights
    WHERE distance > 1000
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY dest ORDER BY scheduled_dep) AS session FROM marked
)
SELECT min(scheduled_dep) AS window_start, max(scheduled_dep) + INTERVAL 3 HOUR AS window_end, dest, count(*) AS flights
FROM numbered
GROUP BY dest, session;
