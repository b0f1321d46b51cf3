CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT window_start, window_end, max(n) AS most
FROM (SELECT window_start, window_end, symbol, count(*) AS n FROM TUMBLE(trades, at, INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol)
GROUP BY window_start, window_end;
