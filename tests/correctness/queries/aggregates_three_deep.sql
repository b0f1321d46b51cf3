-- Counts of counts of counts.
SELECT planes_with_so_many, count(*) AS how_often, max(flights) AS up_to
FROM (
    SELECT flights, count(*) AS planes_with_so_many
    FROM (SELECT tailnum, count(*) AS flights FROM flights GROUP BY tailnum) AS per_plane
    GROUP BY flights
) AS per_count
GROUP BY planes_with_so_many;
