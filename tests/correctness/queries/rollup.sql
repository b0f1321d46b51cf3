-- Subtotals from the right.
SELECT origin, carrier, dest, count(*) AS flights, avg(dep_delay) AS delay, grouping(origin, carrier, dest) AS level_
FROM flights
GROUP BY ROLLUP (origin, carrier, dest);
