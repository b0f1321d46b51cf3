-- How many carriers have how many destinations: every change below is taken back above.
SELECT dests, count(*) AS carriers, min(flights) AS fewest, max(flights) AS most, sum(flights) AS total
FROM (SELECT carrier, count(DISTINCT dest) AS dests, count(*) AS flights FROM flights GROUP BY carrier) AS per_carrier
GROUP BY dests;
