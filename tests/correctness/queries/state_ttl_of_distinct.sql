-- A row of DISTINCT comes out again when its like was not seen for longer than the time to live: exactly as long is not longer.
SET state_ttl = '30 minutes';
SELECT DISTINCT carrier, origin FROM flights;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY carrier, origin ORDER BY scheduled_dep) > INTERVAL 30 MINUTE, true) AS is_first
    FROM flights
)
SELECT carrier, origin FROM marked WHERE is_first;
