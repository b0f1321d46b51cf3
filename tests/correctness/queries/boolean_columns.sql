-- Conditions as values, three-valued.
SELECT
    flight, dep_delay > 15 AS late, arr_delay IS NULL AS cancelled,
    dep_delay > 15 AND arr_delay > 15 AS late_twice, dep_delay > 15 OR arr_delay > 15 AS late_once,
    NOT (dep_delay > 0) AS in_time, (dep_delay > 0) IS TRUE AS surely_late, (dep_delay > 0) IS NOT FALSE AS maybe_late
FROM flights
WHERE carrier = 'HA' OR (carrier = 'AA' AND arr_delay IS NULL);
