-- DISTINCT over computed columns.
SELECT DISTINCT upper(substr(dest, 1, 1)) AS letter, dep_delay IS NULL AS cancelled, distance / 500 AS zone FROM flights;
