-- The window after the stream's name; what it aggregates leaves when it closes.
SELECT carrier, count(*) AS flights, sum(dep_delay) AS delay
FROM flights WINDOW TUMBLING(1 HOUR)
GROUP BY carrier;
-- duckdb:
SELECT carrier, count(*) AS flights, sum(dep_delay) AS delay
FROM flights
GROUP BY bucket(INTERVAL 1 HOUR, scheduled_dep), carrier;
