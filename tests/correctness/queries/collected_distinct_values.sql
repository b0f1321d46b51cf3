-- Each value once, in order.
SELECT origin, array_agg(DISTINCT carrier ORDER BY carrier) AS carriers, string_agg(DISTINCT carrier, '+' ORDER BY carrier) AS joined
FROM flights
GROUP BY origin;
