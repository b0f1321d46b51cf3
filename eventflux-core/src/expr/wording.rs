//! Messages of libraries in the words of the language.

/// Types as libraries call them, and as users do.
const TYPES: &[(&str, &str)] = &[
    ("Boolean", "BOOLEAN"),
    ("Int8", "TINYINT"),
    ("Int16", "SMALLINT"),
    ("Int32", "INT"),
    ("Int64", "BIGINT"),
    ("UInt8", "TINYINT UNSIGNED"),
    ("UInt16", "SMALLINT UNSIGNED"),
    ("UInt32", "INT UNSIGNED"),
    ("UInt64", "BIGINT UNSIGNED"),
    ("Float32", "FLOAT"),
    ("Float64", "DOUBLE"),
    ("Utf8", "STRING"),
    ("LargeUtf8", "STRING"),
    ("Utf8View", "STRING"),
    ("Binary", "BINARY"),
    ("Date32", "DATE"),
    ("Null", "NULL"),
];

/// Types that libraries write with parameters.
const PARAMETRIC: &[(&str, &str)] = &[
    ("Timestamp(", "TIMESTAMP"),
    ("Time64(", "TIME"),
    ("Time32(", "TIME"),
    ("Interval(", "INTERVAL"),
];

/// A message of one line as it is said to users.
pub(super) fn in_our_words(message: &str) -> String {
    not_castable(message)
        .or_else(|| too_large(message))
        .or_else(|| overflow(message))
        .unwrap_or_else(|| with_our_types(message))
}

/// What a cast says of a value that has none in the other type.
fn not_castable(message: &str) -> Option<String> {
    let rest = ["Cannot cast string ", "Cannot cast value "]
        .iter()
        .find_map(|start| message.strip_prefix(start));
    if let Some((value, data_type)) = rest.and_then(|rest| rest.rsplit_once(" to value of ")) {
        let data_type = with_our_types(data_type.trim_end_matches(" type"));
        return Some(format!("{value} is no {data_type}"));
    }
    let (value, data_type) = match message.strip_prefix("Can't cast value ") {
        Some(rest) => rest.rsplit_once(" to type ")?,
        None => message
            .strip_prefix("value of ")?
            .rsplit_once(" is out of range ")?,
    };
    Some(format!("{value} does not fit in {}", with_our_types(data_type)))
}

/// What a decimal of too many digits says.
fn too_large(message: &str) -> Option<String> {
    let (value, rest) = message.split_once(" is too large to store in a Decimal")?;
    let (digits, max) = rest.split_once(" of precision ")?.1.split_once(". Max is ")?;
    Some(format!(
        "{value} does not fit in a DECIMAL of {digits} digits, the largest is {max}"
    ))
}

/// What a function says that gives no value of its argument's type.
fn overflow(message: &str) -> Option<String> {
    let (array, call) = message.split_once(" overflow on ")?;
    array.ends_with("Array").then(|| format!("overflow: {call}"))
}

/// The message with the names of types as users know them.
fn with_our_types(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        // What stands in quotes is a value.
        if let Some(end) = rest.strip_prefix('\'').and_then(|value| value.find('\'')) {
            let (value, after) = rest.split_at(end + 2);
            out.push_str(value);
            rest = after;
            continue;
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(length);
        let parametric = PARAMETRIC
            .iter()
            .find(|(name, _)| name.strip_suffix('(') == Some(word) && after.starts_with('('));
        if let (Some((_, ours)), Some(end)) = (parametric, after.find(')')) {
            out.push_str(ours);
            rest = &after[end + 1..];
            continue;
        }
        if let (true, Some(end)) = (
            word.starts_with("Decimal") && after.starts_with('('),
            after.find(')'),
        ) {
            out.push_str("DECIMAL");
            out.push_str(&after[..=end]);
            rest = &after[end + 1..];
            continue;
        }
        let ours = TYPES.iter().find(|(name, _)| *name == word);
        out.push_str(ours.map_or(word, |(_, ours)| ours));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_called_as_in_the_language() {
        let check = |message: &str, expected: &str| assert_eq!(in_our_words(message), expected);
        check(
            "Cannot cast string '1.5' to value of Int32 type",
            "'1.5' is no INT",
        );
        check(
            "Cannot cast string 'a to b' to value of Date32 type",
            "'a to b' is no DATE",
        );
        check(
            "Cannot cast value 'maybe' to value of Boolean type",
            "'maybe' is no BOOLEAN",
        );
        check("Can't cast value 300 to type Int8", "300 does not fit in TINYINT");
        check(
            "value of 1000 is out of range Int8",
            "1000 does not fit in TINYINT",
        );
        check("Int64Array overflow on abs(-5)", "overflow: abs(-5)");
        check(
            "12345.67 is too large to store in a Decimal128 of precision 5. Max is 999.99",
            "12345.67 does not fit in a DECIMAL of 5 digits, the largest is 999.99",
        );
        check(
            "no kernel for Timestamp(µs, \"UTC\") and Decimal128(10, 2), Utf8",
            "no kernel for TIMESTAMP and DECIMAL(10, 2), STRING",
        );
        check("not Int64Array, not my_Utf8", "not Int64Array, not my_Utf8");
        check("no kernel for 'Utf8'", "no kernel for 'Utf8'");
        check("", "");
    }
}
