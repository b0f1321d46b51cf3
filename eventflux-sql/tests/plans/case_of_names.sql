CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE STREAM Clicks (userId STRING, "weird Name" INT) WITH ('connector' = 'kafka', 'topic' = 'c', 'format' = 'json');
SELECT USERID, c."weird Name" + 1 AS nextOne, C.userid AS again FROM clicks AS C;
