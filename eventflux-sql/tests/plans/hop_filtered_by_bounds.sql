CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT window_end, count(DISTINCT symbol) AS symbols
FROM HOP(trades, at, INTERVAL '2' SECOND, INTERVAL '10' SECOND)
WHERE window_start > TIMESTAMP '2024-01-01 00:00:00'
GROUP BY window_start, window_end;
