CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT symbol, qty > 10 AS large, sum(price) AS total FROM trades GROUP BY CUBE (symbol, qty > 10);
