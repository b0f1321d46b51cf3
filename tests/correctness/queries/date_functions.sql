-- Parts, truncation and arithmetic of timestamps.
SELECT
    flight, scheduled_dep,
    date_trunc('hour', scheduled_dep) AS to_hour, date_trunc('week', scheduled_dep) AS to_week,
    extract(hour FROM scheduled_dep) AS hours, extract(minute FROM scheduled_dep) AS minutes,
    extract(dow FROM scheduled_dep) AS weekday, extract(doy FROM scheduled_dep) AS day_of_year,
    extract(week FROM scheduled_dep) AS week_, date_part('day', scheduled_dep) AS day_, extract(quarter FROM scheduled_dep) AS quarter_,
    extract(epoch FROM scheduled_dep) AS epoch_,
    scheduled_dep + INTERVAL '90' MINUTE AS boarding_closed, scheduled_dep - INTERVAL '1' DAY AS yesterday,
    scheduled_dep + INTERVAL '1' MONTH AS next_month,
    CAST(scheduled_dep AS DATE) AS date_, scheduled_dep < TIMESTAMP '2013-01-15 00:00:00' AS first_half
FROM flights
WHERE dest IN ('HNL', 'ANC', 'BUF');
