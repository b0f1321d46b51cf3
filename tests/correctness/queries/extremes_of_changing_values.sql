-- Minimum and maximum over values that come and go.
SELECT origin, min(worst) AS least_worst, max(worst) AS most_worst, max(mean) AS worst_mean, min(last_dest) AS dest
FROM (
    SELECT origin, dest, max(dep_delay) AS worst, avg(dep_delay) AS mean, max(dest) AS last_dest
    FROM flights
    GROUP BY origin, dest
) AS routes
GROUP BY origin;
