-- The rows of flights.sql as DuckDB tables, and the settings that make DuckDB read an expression as PostgreSQL does.

SET TimeZone = 'UTC';
SET integer_division = true;
SET default_null_order = 'nulls_last_on_asc_first_on_desc';

CREATE TABLE flights (
    year INTEGER, month INTEGER, day INTEGER,
    dep_time INTEGER, sched_dep_time INTEGER, dep_delay INTEGER,
    arr_time INTEGER, sched_arr_time INTEGER, arr_delay INTEGER,
    carrier VARCHAR, flight INTEGER, tailnum VARCHAR, origin VARCHAR, dest VARCHAR,
    air_time SMALLINT, distance BIGINT, hour INTEGER, minute INTEGER,
    time_hour TIMESTAMP, scheduled_dep TIMESTAMP
);
COPY flights FROM 'examples/data/flights.csv' (HEADER);

CREATE TABLE weather (
    origin VARCHAR, year INTEGER, month INTEGER, day INTEGER, hour INTEGER,
    temp DECIMAL(5, 2), dewp DECIMAL(5, 2), humid DOUBLE,
    wind_dir INTEGER, wind_speed DOUBLE, wind_gust DOUBLE,
    precip DECIMAL(4, 2), pressure DOUBLE, visib DOUBLE,
    time_hour TIMESTAMP
);
COPY weather FROM 'examples/data/weather.csv' (HEADER);

CREATE TABLE planes (
    tailnum VARCHAR, year INTEGER, type VARCHAR, manufacturer VARCHAR, model VARCHAR,
    engines TINYINT, seats SMALLINT, speed INTEGER, engine VARCHAR
);
COPY planes FROM 'examples/data/planes.csv' (HEADER);

CREATE TABLE airlines (carrier VARCHAR, name VARCHAR);
COPY airlines FROM 'examples/data/airlines.csv' (HEADER);

CREATE TABLE airports (
    faa VARCHAR, name VARCHAR, lat DOUBLE, lon DOUBLE, alt INTEGER, tz INTEGER, dst VARCHAR, tzone VARCHAR
);
COPY airports FROM 'examples/data/airports.csv' (HEADER);

-- The start of the window of this size that holds a moment; windows are aligned to the epoch.
CREATE MACRO bucket(size, moment) AS time_bucket(size, moment, TIMESTAMP '1970-01-01');
