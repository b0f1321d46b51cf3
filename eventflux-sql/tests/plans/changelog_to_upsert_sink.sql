CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE TABLE counts (n BIGINT, symbol STRING, PRIMARY KEY (symbol)) WITH ('connector' = 'kafka', 'topic' = 'counts', 'format' = 'upsert_json');
INSERT INTO counts SELECT count(*), symbol FROM trades GROUP BY symbol;
