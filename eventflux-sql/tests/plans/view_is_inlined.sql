CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE VIEW large AS SELECT symbol AS name, qty FROM trades WHERE qty > 100;
CREATE VIEW per_name (n, name) AS SELECT count(*), name FROM large GROUP BY name;
SELECT * FROM per_name WHERE n > 3;
