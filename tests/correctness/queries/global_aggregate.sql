-- One row without GROUP BY.
SELECT count(*) AS flights, sum(distance) AS miles, avg(arr_delay) AS delay, min(dep_delay) AS earliest, max(dest) AS last_dest
FROM flights;
