-- DISTINCT over several columns, one of them with NULLs.
SELECT DISTINCT carrier, tailnum, origin FROM flights;
