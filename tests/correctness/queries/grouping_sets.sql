-- Several groupings in one query; a NULL key is told from a missing one.
SELECT origin, tailnum, count(*) AS flights, sum(distance) AS miles, grouping(origin) AS no_origin, grouping(tailnum) AS no_tailnum
FROM flights
WHERE carrier IN ('US', 'MQ')
GROUP BY GROUPING SETS ((origin, tailnum), (tailnum), (origin), ());
