-- FILTER on each aggregate, also where nothing passes it.
SELECT
    carrier,
    count(*) FILTER (WHERE dep_delay > 0) AS late, count(*) FILTER (WHERE origin = 'EWR') AS newark,
    sum(distance) FILTER (WHERE dest LIKE 'S%') AS miles, avg(arr_delay) FILTER (WHERE arr_delay > 0 AND month = 1) AS mean,
    max(dep_delay) FILTER (WHERE hour < 6) AS early_worst
FROM flights
GROUP BY carrier;
