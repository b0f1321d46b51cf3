CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT symbol, window_start, count(*) AS n FROM trades GROUP BY hop(INTERVAL '1' MINUTE, INTERVAL '5' MINUTE), symbol;
