-- Aggregates that must take values back exactly.
SELECT
    origin, avg(n) AS mean, stddev(n) AS deviation, count(DISTINCT n) AS different, sum(DISTINCT n) AS sum_of_different,
    bool_and(n > 1) AS all_, array_agg(n ORDER BY dest) AS counts, string_agg(dest, ' ' ORDER BY n, dest) AS dests,
    median(CAST(n AS DOUBLE)) AS middle, bit_xor(n) AS parity
FROM (SELECT origin, dest, count(*) AS n FROM flights GROUP BY origin, dest) AS routes
GROUP BY origin;
