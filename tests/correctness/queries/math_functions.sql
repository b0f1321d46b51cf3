-- Functions on numbers; none of the arguments is outside the function's domain.
SELECT
    faa,
    abs(lon) AS absolute, sign(lat - 40) AS sign_, ceil(lat) AS up, floor(lon) AS down, round(lat) AS rounded,
    round(lon * 100) / 100 AS two_places, trunc(lon) AS truncated, sqrt(abs(lat)) AS root, power(lat, 2) AS squared,
    exp(lat / 100) AS exponential, ln(abs(lon)) AS natural_log, log10(abs(lon)) AS decimal_log, log2(abs(lon)) AS binary_log,
    sin(radians(lat)) AS sine, cos(radians(lat)) AS cosine, tan(radians(lat)) AS tangent, atan2(lat, lon) AS angle,
    degrees(atan(lat)) AS arc, cbrt(lon) AS cube_root, pi() * lat AS times_pi, alt % 100 AS remainder
FROM airports;
