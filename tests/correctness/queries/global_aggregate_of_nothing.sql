-- Without rows there is a row all the same: a count of nought and NULLs.
SELECT count(*) AS flights, count(DISTINCT dest) AS dests, sum(distance) AS miles, max(scheduled_dep) AS latest
FROM flights
WHERE distance < 0;
