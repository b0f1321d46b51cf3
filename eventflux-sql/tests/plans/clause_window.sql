CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT symbol, window_start, max(price) AS best FROM trades WINDOW TUMBLING(1 MINUTE) WHERE qty > 0 GROUP BY symbol;
