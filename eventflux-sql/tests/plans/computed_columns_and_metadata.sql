CREATE STREAM events (ms BIGINT, part INT METADATA FROM 'partition', body STRUCT<Kind STRING, size INT>, at AS to_timestamp_millis(ms), unused STRING, WATERMARK FOR at AS at)
WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json', 'error' = 'drop', 'idle_timeout' = '5s');
SELECT part, body.kind, count(*) AS n FROM events WINDOW TUMBLING(10 SECONDS) GROUP BY part, body.kind;
