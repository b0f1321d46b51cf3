-- Expressions of aggregates, and aggregates of expressions.
SELECT
    carrier, sum(arr_delay) - sum(dep_delay) AS lost, 100.0::DOUBLE * count(arr_delay) / count(*) AS percent_flown,
    sum(distance * 1.5) AS weighted, max(arr_delay - dep_delay) - min(arr_delay - dep_delay) AS spread,
    coalesce(sum(CASE WHEN dep_delay > 60 THEN 1 ELSE 0 END), 0) AS very_late, upper(min(dest)) || '..' || max(dest) AS dests,
    round(avg(air_time)) AS minutes
FROM flights
GROUP BY carrier;
