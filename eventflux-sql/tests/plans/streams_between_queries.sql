CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
INSERT INTO large SELECT symbol, price * qty AS amount, at, id FROM trades WHERE qty > 100;
INSERT INTO large SELECT symbol, price, at, id FROM trades WHERE price > 100;
SELECT window_start, count(*) AS n, sum(amount) AS total FROM TUMBLE(large, at, INTERVAL '1' MINUTE) GROUP BY window_start, window_end;
