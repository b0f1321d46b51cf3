-- HAVING takes the only row away.
SELECT count(*) AS flights FROM flights HAVING count(*) < 10;
