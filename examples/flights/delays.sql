-- How late do flights leave New York? Per day and carrier, for the carriers with at least 100 departures that day.

CREATE STREAM flights (
  carrier       STRING NOT NULL,
  dep_delay     INT,                       -- minutes; NULL: cancelled
  scheduled_dep TIMESTAMP NOT NULL,
  WATERMARK FOR scheduled_dep AS scheduled_dep
) WITH (
  'connector' = 'file',
  'path'      = 'examples/data/flights.csv',
  'format'    = 'csv'
);

SELECT
  CAST(window_start AS DATE)    AS day,
  carrier,
  count(*)                      AS flights,
  round(avg(dep_delay), 1)      AS average_delay,
  max(dep_delay)                AS longest_delay,
  count(*) - count(dep_delay)   AS cancelled
FROM TUMBLE(flights, scheduled_dep, INTERVAL '1' DAY, INTERVAL '5' HOUR)   -- days of New York
GROUP BY window_start, window_end, carrier
HAVING count(*) >= 100;
