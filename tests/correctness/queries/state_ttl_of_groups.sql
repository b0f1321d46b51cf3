-- A key that was silent for longer than the time to live begins anew, and what it came to before stays as it was: a result per
-- run of rows without such a gap.
SET state_ttl = '6h';
SELECT tailnum, origin, count(*) AS flights, sum(distance) AS distance, max(arr_delay) AS worst, count(DISTINCT dest) AS dests
FROM flights
GROUP BY tailnum, origin;
-- duckdb:
WITH marked AS (
    SELECT *, coalesce(scheduled_dep - lag(scheduled_dep) OVER (PARTITION BY tailnum, origin ORDER BY scheduled_dep) > INTERVAL 6 HOUR, true) AS is_first
    FROM flights
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY tailnum, origin ORDER BY scheduled_dep) AS part FROM marked
)
SELECT tailnum, origin, count(*) AS flights, sum(distance) AS distance, max(arr_delay) AS worst, count(DISTINCT dest) AS dests
FROM numbered
GROUP BY tailnum, origin, part;
