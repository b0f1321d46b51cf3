CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM large (symbol STRING, cents BIGINT, at TIMESTAMP, twice AS cents * 2, WATERMARK FOR at AS at - INTERVAL '1' SECOND);
INSERT INTO large (at, symbol, cents) SELECT at, symbol, price * 100 FROM trades;
SELECT twice, symbol FROM large;
