CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
WITH minutes AS (
  SELECT window_time AS at, symbol, sum(price) AS total FROM TUMBLE(trades, at, INTERVAL '1' MINUTE)
  GROUP BY window_start, window_end, window_time, symbol
)
SELECT window_start, max(total) AS best FROM TUMBLE(minutes, at, INTERVAL '1' HOUR) GROUP BY window_start, window_end;
