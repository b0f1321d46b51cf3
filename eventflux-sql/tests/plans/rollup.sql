CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT window_start, symbol, qty, count(*) AS n, grouping(symbol, qty) AS level
FROM TUMBLE(trades, at, INTERVAL '1' DAY) GROUP BY window_start, window_end, ROLLUP (symbol, qty);
