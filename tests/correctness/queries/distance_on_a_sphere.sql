-- One long expression: the distance from JFK in kilometres.
SELECT
    faa,
    2 * 6371.0 * asin(sqrt(
        power(sin(radians(lat - 40.639751) / 2), 2)
        + cos(radians(40.639751)) * cos(radians(lat)) * power(sin(radians(lon + 73.778925) / 2), 2)
    )) AS kilometres
FROM airports
WHERE lat BETWEEN 25 AND 50 AND lon BETWEEN -125 AND -65;
