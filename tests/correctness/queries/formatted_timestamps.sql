-- to_char with PostgreSQL's patterns.
SELECT
    flight, to_char(scheduled_dep, 'YYYY-MM-DD HH24:MI:SS') AS full_, to_char(scheduled_dep, 'DD.MM.YY') AS day_,
    to_char(scheduled_dep, 'FMDay, FMDD FMMonth YYYY') AS long_, to_char(scheduled_dep, 'Dy Mon DDD HH12:MI AM') AS short_,
    to_char(scheduled_dep, 'IYYY-"W"IW-ID') AS week_, to_char(scheduled_dep, 'MS US') AS fraction
FROM flights
WHERE dest = 'HNL';
-- duckdb:
SELECT
    flight, strftime(scheduled_dep, '%Y-%m-%d %H:%M:%S') AS full_, strftime(scheduled_dep, '%d.%m.%y') AS day_,
    strftime(scheduled_dep, '%A, %-d %B %Y') AS long_, strftime(scheduled_dep, '%a %b %j %I:%M %p') AS short_,
    strftime(scheduled_dep, '%G-W%V-%u') AS week_, strftime(scheduled_dep, '%g %f') AS fraction
FROM flights
WHERE dest = 'HNL';
