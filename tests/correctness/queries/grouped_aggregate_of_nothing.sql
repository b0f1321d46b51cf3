-- With GROUP BY no rows give no groups.
SELECT carrier, count(*) AS flights FROM flights WHERE distance < 0 GROUP BY carrier;
