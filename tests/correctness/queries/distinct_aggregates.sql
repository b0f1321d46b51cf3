-- DISTINCT inside aggregates beside plain ones.
SELECT
    carrier, count(DISTINCT tailnum) AS planes, count(DISTINCT dest) AS dests, count(tailnum) AS flights,
    sum(DISTINCT distance) AS miles, count(DISTINCT flight) FILTER (WHERE dep_delay > 30) AS late_numbers,
    count(DISTINCT origin || dest) AS routes
FROM flights
GROUP BY carrier;
