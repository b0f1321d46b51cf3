-- Matching, extracting and replacing by regular expression.
SELECT
    tailnum, model,
    model ~ '^[0-9]{3}-' AS numbered, model ~* 'emb' AS embraer, tailnum !~ '^N[0-9]+$' AS with_letters,
    (regexp_match(model, '^([A-Z]+)-?([0-9]+)'))[2] AS digits,
    regexp_replace(model, '[0-9]+', '#') AS first_masked,
    regexp_replace(model, '[0-9]', '#', 'g') AS masked
FROM planes;
-- duckdb:
SELECT
    tailnum, model,
    regexp_matches(model, '^[0-9]{3}-') AS numbered, regexp_matches(model, 'emb', 'i') AS embraer,
    NOT regexp_matches(tailnum, '^N[0-9]+$') AS with_letters,
    CASE WHEN regexp_matches(model, '^([A-Z]+)-?([0-9]+)') THEN regexp_extract(model, '^([A-Z]+)-?([0-9]+)', 2) END AS digits,
    regexp_replace(model, '[0-9]+', '#') AS first_masked,
    regexp_replace(model, '[0-9]', '#', 'g') AS masked
FROM planes;
