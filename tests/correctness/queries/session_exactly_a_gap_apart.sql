-- Rows exactly a gap apart are in two sessions; two keys.
SELECT window_start, window_end, origin, carrier, count(*) AS flights, count(DISTINCT dest) AS dests
FROM TABLE(SESSION(TABLE flights PARTITION BY (origin, carrier), DESCRIPTOR(scheduled_dep), INTERVAL '15' MINUTE))
GROUP BY window_start, window_end, origin, carrier;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY origin, carrier ORDER BY scheduled_dep) >= INTERVAL 15 MINUTE, true) AS is_first
    FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY origin, carrier ORDER BY scheduled_dep) AS session FROM marked
)
SELECT
    min(scheduled_dep) AS window_start, max(scheduled_dep) + INTERVAL 15 MINUTE AS window_end, origin, carrier, count(*) AS flights,
    count(DISTINCT dest) AS dests
FROM numbered
GROUP BY origin, carrier, session;
