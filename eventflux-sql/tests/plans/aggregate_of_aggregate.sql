CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT n, count(*) AS symbols FROM (SELECT symbol, count(*) AS n FROM trades GROUP BY symbol) AS counts GROUP BY n HAVING count(*) > 1;
