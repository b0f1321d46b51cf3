-- Windows below, a changing result without windows above.
SELECT carrier, max(flights) AS busiest, avg(flights) AS mean, count(*) AS windows, min(window_start) AS since
FROM (
    SELECT window_start, carrier, count(*) AS flights
    FROM HOP(flights, scheduled_dep, INTERVAL '30' MINUTE, INTERVAL '1' HOUR)
    GROUP BY window_start, window_end, carrier
) AS per_window
GROUP BY carrier;
-- duckdb:
SELECT carrier, max(flights) AS busiest, avg(flights) AS mean, count(*) AS windows, min(window_start) AS since
FROM (
    SELECT window_start, carrier, count(*) AS flights
    FROM (SELECT *, bucket(INTERVAL 30 MINUTE, scheduled_dep) - k * INTERVAL 30 MINUTE AS window_start FROM flights, range(2) AS r(k))
    GROUP BY window_start, carrier
) AS per_window
GROUP BY carrier;
