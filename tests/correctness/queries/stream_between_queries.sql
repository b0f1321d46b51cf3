-- One query writes a stream, the next one reads it.
CREATE STREAM long_flights (carrier STRING, miles BIGINT, at TIMESTAMP, WATERMARK FOR at AS at);
INSERT INTO long_flights SELECT carrier, distance, scheduled_dep FROM flights WHERE distance > 1500;
SELECT window_start, carrier, count(*) AS flights, sum(miles) AS miles
FROM TUMBLE(long_flights, at, INTERVAL '1' DAY)
GROUP BY window_start, window_end, carrier;
-- duckdb:
SELECT time_bucket(INTERVAL 1 DAY, scheduled_dep, TIMESTAMP '1970-01-01') AS window_start, carrier, count(*) AS flights, sum(distance) AS miles
FROM flights
WHERE distance > 1500
GROUP BY ALL;
