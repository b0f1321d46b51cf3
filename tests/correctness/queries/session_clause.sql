-- The session window after the stream's name, with its key.
SELECT dest, count(*) AS flights, sum(dep_delay) AS delay
FROM flights WINDOW SESSION(2 HOURS, dest)
GROUP BY dest;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY dest ORDER BY scheduled_dep) >= INTERVAL 2 HOUR, true) AS is_first
    FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY dest ORDER BY scheduled_dep) AS session FROM marked
)
SELECT dest, count(*) AS flights, sum(dep_delay) AS delay FROM numbered GROUP BY dest, session;
