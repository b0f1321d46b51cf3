CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT qty, window_start, count(*) AS n
FROM SESSION(trades PARTITION BY upper(symbol), at, INTERVAL '30' SECOND)
WHERE price > 0
GROUP BY window_start, window_end, qty;
