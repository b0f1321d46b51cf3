-- LIKE and ILIKE with both wildcards and an escape.
SELECT
    faa, name,
    name LIKE '%Intl' AS ends, name LIKE '_a%' AS second, name ILIKE '%HELI%' AS any_case, name NOT LIKE '%a%' AS without,
    name LIKE '%\_%' ESCAPE '\' AS underscore, faa ILIKE 'j__' AS code
FROM airports
WHERE name LIKE '%n%' AND name NOT ILIKE 'w%';
