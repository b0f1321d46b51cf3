CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE VIEW v AS SELECT symbol FROM trades;
DESCRIBE trades;
SHOW STREAMS;
EXPLAIN SELECT symbol FROM v WHERE symbol > 'A';
SELECT 1 AS one;
SHOW QUERIES;
SET parallelism = 2;
