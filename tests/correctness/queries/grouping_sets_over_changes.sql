-- Subtotals of rows that change.
SELECT origin, busy, count(*) AS routes, sum(n) AS flights
FROM (SELECT origin, dest, count(*) > 100 AS busy, count(*) AS n FROM flights GROUP BY origin, dest) AS routes
GROUP BY ROLLUP (origin, busy);
