-- Distinct values over windows that grow.
SELECT window_start, window_end, count(DISTINCT tailnum) AS planes, count(DISTINCT dest) AS dests, avg(distance) AS mean
FROM TABLE(CUMULATE(TABLE flights, DESCRIPTOR(scheduled_dep), INTERVAL '40' MINUTE, INTERVAL '4' HOUR))
GROUP BY window_start, window_end;
-- duckdb:
SELECT
    window_start, window_start + k * INTERVAL 40 MINUTE AS window_end, count(DISTINCT tailnum) AS planes,
    count(DISTINCT dest) AS dests, avg(distance) AS mean
FROM (SELECT *, bucket(INTERVAL 4 HOUR, scheduled_dep) AS window_start FROM flights), range(1, 7) AS r(k)
WHERE scheduled_dep < window_start + k * INTERVAL 40 MINUTE
GROUP BY window_start, window_end;
