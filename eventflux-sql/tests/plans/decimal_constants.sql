CREATE STREAM weather (temp DECIMAL(5, 2), humid DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'w', 'format' = 'json');
SELECT temp + 0.005 AS more, humid * 0.5 AS half, sum(temp * 25.4) AS total, 10 / 4 AS two, 10 / 4.0 AS more_than_two
FROM weather WHERE temp = 39.02 AND humid < 0.1 GROUP BY temp + 0.005, humid * 0.5;
