-- A view, and a view of the view.
CREATE VIEW late AS SELECT carrier, dest, dep_delay FROM flights WHERE dep_delay > 30;
CREATE VIEW late_by_dest AS SELECT dest, count(*) AS n, max(dep_delay) AS worst FROM late GROUP BY dest;
SELECT dest, n, worst FROM late_by_dest WHERE n > 10;
-- duckdb:
SELECT dest, count(*) AS n, max(dep_delay) AS worst FROM flights WHERE dep_delay > 30 GROUP BY dest HAVING count(*) > 10;
