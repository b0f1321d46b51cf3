-- Rows that enter and leave a condition as the aggregate below them moves.
SELECT origin, count(*) AS busy_routes, sum(mean) AS means
FROM (SELECT origin, dest, count(*) AS n, avg(arr_delay) AS mean FROM flights GROUP BY origin, dest HAVING avg(arr_delay) > 0) AS routes
WHERE mean < 20 AND n % 2 = 0
GROUP BY origin;
