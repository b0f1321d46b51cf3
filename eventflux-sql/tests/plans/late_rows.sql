CREATE STREAM s (k STRING, v INT, t TIMESTAMP, WATERMARK FOR t AS t)
WITH ('connector' = 'kafka', 'topic' = 's', 'format' = 'json', 'late' = 'too_late', 'allowed_lateness' = '10s');
SELECT k, sum(v * 2) AS total FROM TUMBLE(s, t, INTERVAL '1' MINUTE) WHERE v > 0 GROUP BY window_start, window_end, k;
