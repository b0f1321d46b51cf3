CREATE STREAM a (x INT) WITH ('connector' = 'kafka', 'topic' = 'a', 'format' = 'json');
CREATE STREAM b (x INT) WITH ('connector' = 'kafka', 'topic' = 'b', 'format' = 'json', 'dead_letter' = 'bad_b');
SELECT 10 / x AS y FROM a;
SELECT 10 / x AS y FROM b;
SELECT source, reason FROM system.errors;
