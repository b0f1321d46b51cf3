-- The distance of two timestamps in seconds, and its use in a condition.
SELECT
    carrier, flight, extract(epoch FROM (scheduled_dep - time_hour)) AS past_the_hour,
    scheduled_dep - time_hour > INTERVAL '50' MINUTE AS at_the_end
FROM flights
WHERE scheduled_dep - time_hour >= INTERVAL '45' MINUTE AND dest = 'MIA';
-- duckdb:
SELECT
    carrier, flight, epoch(scheduled_dep - time_hour) AS past_the_hour,
    scheduled_dep - time_hour > INTERVAL 50 MINUTE AS at_the_end
FROM flights
WHERE minute >= 45 AND dest = 'MIA';
