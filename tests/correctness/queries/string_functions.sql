-- The everyday functions on text.
SELECT
    faa, name,
    upper(name) AS upper_name, lower(faa) AS lower_faa, length(name) AS name_length, substr(name, 3, 4) AS part,
    substring(name FROM 2 FOR 3) AS other_part, left(name, 3) AS head, right(name, 3) AS tail,
    replace(name, 'Airport', 'Apt') AS short, trim(substr(name, 1, 6)) AS trimmed, lpad(faa, 6, '*') AS padded,
    rpad(faa, 5, '-') AS right_padded, reverse(faa) AS reversed, repeat(faa, 2) AS twice,
    strpos(name, 'a') AS first_a, position('or' IN name) AS first_or, split_part(name, ' ', 2) AS second_word,
    starts_with(name, 'San') AS is_saint, concat(faa, '/', tzone) AS joined, concat_ws(', ', tzone, dst, faa) AS listed,
    ltrim(name, 'ABC') AS left_trimmed, translate(faa, 'ABC', 'xyz') AS translated, ascii(faa) AS code, chr(65 + abs(tz)) AS letter
FROM airports;
