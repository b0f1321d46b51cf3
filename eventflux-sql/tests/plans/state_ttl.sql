-- Results that stay as they are are repeated for the count, which would forget them otherwise.
SET state_ttl = '24h';
CREATE STREAM bids (bidder STRING, price BIGINT, at TIMESTAMP, WATERMARK FOR at AS at)
WITH ('connector' = 'kafka', 'topic' = 'bids', 'format' = 'json');
SELECT n, count(*) AS bidders FROM (SELECT bidder, count(*) AS n FROM bids GROUP BY bidder) GROUP BY n;
SELECT DISTINCT bidder FROM bids;
