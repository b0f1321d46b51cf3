CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'file', 'path' = 'trades.json', 'format' = 'json');
SELECT window_start, symbol, count(*) AS n, avg(price) AS mean, max(price) FILTER (WHERE id > 5) AS best
FROM TUMBLE(trades, at, INTERVAL '1' MINUTE)
WHERE price > 0
GROUP BY window_start, window_end, symbol
HAVING count(*) > 1;
