-- The same with the window's kind in quotes and no key.
SELECT count(*) AS flights, count(DISTINCT carrier) AS carriers, max(distance) AS longest
FROM flights WINDOW('session', 20 MINUTES);
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (ORDER BY scheduled_dep) >= INTERVAL 20 MINUTE, true) AS is_first FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (ORDER BY scheduled_dep) AS session FROM marked
)
SELECT count(*) AS flights, count(DISTINCT carrier) AS carriers, max(distance) AS longest FROM numbered GROUP BY session;
