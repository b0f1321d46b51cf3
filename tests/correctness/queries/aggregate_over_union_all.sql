-- Rows of two streams meet in the same groups.
SELECT place, count(*) AS n, sum(amount) AS total, count(amount) AS known
FROM (
    SELECT origin AS place, day, dep_delay AS amount FROM flights
    UNION ALL
    SELECT origin, day, wind_dir FROM weather
) AS events
WHERE day <= 10
GROUP BY place;
