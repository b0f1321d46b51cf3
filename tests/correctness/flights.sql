-- The streams that every query of queries/ may read. Types as in duckdb.sql.

CREATE STREAM flights (
    year INT, month INT, day INT,
    dep_time INT, sched_dep_time INT, dep_delay INT,
    arr_time INT, sched_arr_time INT, arr_delay INT,
    carrier STRING NOT NULL, flight INT, tailnum STRING, origin STRING NOT NULL, dest STRING NOT NULL,
    air_time SMALLINT, distance BIGINT, hour INT, minute INT,
    time_hour TIMESTAMP, scheduled_dep TIMESTAMP NOT NULL,
    -- The file is in this order, so a row is never late.
    WATERMARK FOR scheduled_dep AS scheduled_dep
) WITH ('connector' = 'file', 'path' = 'examples/data/flights.csv', 'format' = 'csv', 'error' = 'fail');

CREATE STREAM weather (
    origin STRING NOT NULL, year INT, month INT, day INT, hour INT,
    temp DECIMAL(5, 2), dewp DECIMAL(5, 2), humid DOUBLE,
    wind_dir INT, wind_speed DOUBLE, wind_gust DOUBLE,
    precip DECIMAL(4, 2), pressure DOUBLE, visib DOUBLE,
    time_hour TIMESTAMP NOT NULL,
    -- One airport's month after the other: up to 31 days out of order.
    WATERMARK FOR time_hour AS time_hour - INTERVAL '31' DAY
) WITH ('connector' = 'file', 'path' = 'examples/data/weather.csv', 'format' = 'csv', 'error' = 'fail');

CREATE STREAM planes (
    tailnum STRING NOT NULL, year INT, type STRING, manufacturer STRING, model STRING,
    engines TINYINT, seats SMALLINT, speed INT, engine STRING
) WITH ('connector' = 'file', 'path' = 'examples/data/planes.csv', 'format' = 'csv', 'error' = 'fail');

CREATE STREAM airlines (carrier STRING NOT NULL, name STRING)
WITH ('connector' = 'file', 'path' = 'examples/data/airlines.csv', 'format' = 'csv', 'error' = 'fail');

CREATE STREAM airports (
    faa STRING NOT NULL, name STRING, lat DOUBLE, lon DOUBLE, alt INT, tz INT, dst STRING, tzone STRING
) WITH ('connector' = 'file', 'path' = 'examples/data/airports.csv', 'format' = 'csv', 'error' = 'fail');
