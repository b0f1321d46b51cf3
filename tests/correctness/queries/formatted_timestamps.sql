-- to_char with PostgreSQL's patterns.
SELECT
    flight, to_char(scheduled_dep, 'YYYY-MM-DD HH24:MI:SS') AS full_, to_char(scheduled_dep, 'DD.MM.YY') AS day_
FROM flights
WHERE dest = 'HNL';
-- duckdb:
SELECT
    flight, strftime(scheduled_dep, '%Y-%m-%d %H:%M:%S') AS full_, strftime(scheduled_dep, '%d.%m.%y') AS day_
FROM flights
WHERE dest = 'HNL';
