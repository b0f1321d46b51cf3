-- Results that stay as they are are repeated for what is behind them, which would forget them otherwise.
SET state_ttl = '24h';
CREATE STREAM bids (bidder STRING, price BIGINT, at TIMESTAMP, WATERMARK FOR at AS at)
WITH ('connector' = 'kafka', 'topic' = 'bids', 'format' = 'json');
SELECT DISTINCT highest FROM (SELECT max(price) AS highest FROM bids);
SELECT DISTINCT bidder FROM bids;
