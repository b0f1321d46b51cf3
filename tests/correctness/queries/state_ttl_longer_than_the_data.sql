-- A time to live that no key outlives changes nothing, also where counts of counts are kept alive.
SET state_ttl = '3650d';
SELECT n, count(*) AS tails FROM (SELECT tailnum, count(*) AS n FROM flights GROUP BY tailnum) AS counts GROUP BY n;
-- duckdb:
SELECT n, count(*) AS tails FROM (SELECT tailnum, count(*) AS n FROM flights GROUP BY tailnum) AS counts GROUP BY n;
