CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM counts (symbol STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'counts', 'format' = 'json');
INSERT INTO counts SELECT symbol, count(*) FROM trades GROUP BY symbol;
