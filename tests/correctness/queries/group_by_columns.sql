-- The plain aggregate functions; NULL is a group of its own and counts for nothing.
SELECT
    tailnum, count(*) AS flights, count(dep_delay) AS departed, sum(dep_delay) AS delay, avg(dep_delay) AS mean,
    min(arr_delay) AS best, max(arr_delay) AS worst, min(dest) AS first_dest, max(scheduled_dep) AS last_time
FROM flights
GROUP BY tailnum;
