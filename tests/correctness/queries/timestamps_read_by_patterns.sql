-- to_timestamp and to_date read what to_char wrote.
SELECT
    flight, to_timestamp(to_char(scheduled_dep, 'DD Mon YYYY HH12:MI:SS.US AM'), 'DD Mon YYYY HH12:MI:SS.US AM') AS back,
    to_date(to_char(scheduled_dep, 'YYYYMMDD'), 'YYYYMMDD') AS day_
FROM flights
WHERE dest = 'HNL';
-- duckdb:
SELECT flight, scheduled_dep AS back, scheduled_dep::DATE AS day_
FROM flights
WHERE dest = 'HNL';
