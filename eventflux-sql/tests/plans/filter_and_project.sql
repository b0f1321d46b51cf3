CREATE STREAM trades (id BIGINT, Symbol STRING NOT NULL, price DOUBLE, at TIMESTAMP(3), WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM out (symbol STRING, twice DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'out', 'format' = 'json');
INSERT INTO out SELECT SYMBOL, price * 2 FROM trades WHERE price > 10 AND symbol <> 'IBM';
