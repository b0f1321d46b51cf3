-- HAVING over aggregates that the result shows and over others.
SELECT origin, dest, count(*) AS flights, avg(arr_delay) AS mean
FROM flights
GROUP BY origin, dest
HAVING count(*) >= 50 AND avg(arr_delay) > 5 AND max(distance) < 2000 AND min(carrier) <> 'AA';
