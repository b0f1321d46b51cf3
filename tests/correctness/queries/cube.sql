-- Subtotals of every combination.
SELECT origin, carrier, dep_delay IS NULL AS cancelled, count(*) AS flights, max(distance) AS longest
FROM flights
GROUP BY CUBE (origin, carrier, dep_delay IS NULL)
HAVING count(*) > 20;
