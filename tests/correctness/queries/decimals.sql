-- Exact arithmetic: sums, products and comparisons.
SELECT
    origin, sum(temp) AS degrees, sum(precip) AS rain, max(temp - dewp) AS widest, min(temp) AS coldest, max(dewp) AS wettest,
    sum(precip * 25.4) AS millimetres, count(*) FILTER (WHERE temp = 39.02) AS exactly,
    sum(CASE WHEN precip > 0.1 THEN temp ELSE 0 END) AS in_heavy_rain
FROM weather
GROUP BY origin;
