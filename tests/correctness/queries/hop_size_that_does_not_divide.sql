-- 25 minutes every 10: a row is in two windows or in three.
SELECT window_start, window_end, carrier, count(*) AS flights, max(distance) AS longest, count(DISTINCT dest) AS dests
FROM HOP(flights, scheduled_dep, INTERVAL '10' MINUTE, INTERVAL '25' MINUTE)
GROUP BY window_start, window_end, carrier;
-- duckdb:
SELECT
    window_start, window_start + INTERVAL 25 MINUTE AS window_end, carrier, count(*) AS flights, max(distance) AS longest,
    count(DISTINCT dest) AS dests
FROM (SELECT *, bucket(INTERVAL 10 MINUTE, scheduled_dep) - k * INTERVAL 10 MINUTE AS window_start FROM flights, range(3) AS r(k))
WHERE window_start + INTERVAL 25 MINUTE > scheduled_dep
GROUP BY window_start, window_end, carrier;
