CREATE STREAM trades (id BIGINT, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
SELECT symbol, string_agg(symbol, ', ' ORDER BY at DESC) AS all_, first_value(price ORDER BY at) AS first_, percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS middle, array_agg(DISTINCT qty) FILTER (WHERE qty > 0) AS quantities, corr(price, CAST(qty AS DOUBLE)) AS c
FROM trades GROUP BY symbol;
