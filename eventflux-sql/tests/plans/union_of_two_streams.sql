CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM quotes (symbol STRING, bid DOUBLE, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'file', 'path' = 'q.json', 'format' = 'json');
SELECT symbol, price, at FROM trades UNION ALL SELECT symbol, bid, ts FROM quotes WHERE bid > 0;
