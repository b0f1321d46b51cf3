-- Groups in which every value is NULL.
SELECT origin, dest, sum(arr_delay) AS delay, avg(arr_delay) AS mean, min(air_time) AS shortest, count(arr_delay) AS n, count(*) AS flights
FROM flights
WHERE arr_delay IS NULL
GROUP BY origin, dest;
