-- Counts over rows of DISTINCT that stay as they are: what is written keeps alive what is counted behind it. A pair that comes back is
-- counted again, since nothing took it back.
SET state_ttl = '30 minutes';
SELECT carrier, count(*) AS pairs FROM (SELECT DISTINCT carrier, dest FROM flights) AS pairs GROUP BY carrier;
-- duckdb:
WITH marked AS (
    SELECT
        carrier,
        scheduled_dep,
        coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY carrier, dest ORDER BY scheduled_dep) > INTERVAL 30 MINUTE, true) AS is_pair,
        coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY carrier ORDER BY scheduled_dep) > INTERVAL 30 MINUTE, true) AS is_first
    FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY carrier ORDER BY scheduled_dep) AS part FROM marked
)
SELECT carrier, count(*) FILTER (WHERE is_pair) AS pairs FROM numbered GROUP BY carrier, part;
