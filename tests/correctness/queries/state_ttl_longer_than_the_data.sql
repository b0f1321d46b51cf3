-- A time to live that no key outlives changes nothing.
SET state_ttl = '3650d';
SELECT tailnum, count(*) AS n, max(arr_delay) AS worst FROM flights GROUP BY tailnum;
-- duckdb:
SELECT tailnum, count(*) AS n, max(arr_delay) AS worst FROM flights GROUP BY tailnum;
