-- DISTINCT of counts that change: a value stays as long as somebody has it.
SELECT DISTINCT n, worst IS NULL AS unknown
FROM (SELECT dest, count(*) AS n, max(arr_delay) AS worst FROM flights GROUP BY dest) AS dests;
