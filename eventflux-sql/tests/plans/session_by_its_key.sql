CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT symbol, window_start, window_end, sum(price * qty) AS volume
FROM SESSION(trades PARTITION BY symbol, at, INTERVAL '30' SECOND)
GROUP BY window_start, window_end, symbol;
