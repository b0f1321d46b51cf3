//! Functions that are refused by name, each with the reason.

const REPLAY: &str = "its result is another one each time, so that a replay or a recovery would change rows that are already \
                      written; take the value from the data, or hash a column with `md5`";
const FILES: &str = "it belongs to tables of files; declare a metadata column of the connector instead";
const ARROW: &str =
    "it speaks of the engine's inner types; use CAST, TRY_CAST or `::` with a type of the language";

const LAMBDA: &str = "functions that take a function are not supported; UNNEST and an aggregate do the same";

/// Names and reasons, in the order of the names.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("any_match", LAMBDA),
    ("array_any_match", LAMBDA),
    ("array_filter", LAMBDA),
    ("array_first", LAMBDA),
    ("array_transform", LAMBDA),
    ("arrow_cast", ARROW),
    ("arrow_field", ARROW),
    ("arrow_metadata", ARROW),
    ("arrow_try_cast", ARROW),
    ("arrow_typeof", ARROW),
    ("cast_to_type", ARROW),
    (
        "date_format",
        "its patterns differ from system to system; `to_char(time, pattern)` takes those of PostgreSQL",
    ),
    ("file_row_index", FILES),
    ("gen_random_uuid", REPLAY),
    ("input_file_name", FILES),
    ("list_any_match", LAMBDA),
    ("list_filter", LAMBDA),
    ("list_first", LAMBDA),
    ("list_transform", LAMBDA),
    ("rand", REPLAY),
    ("random", REPLAY),
    ("try_cast_to_type", ARROW),
    ("union_extract", ARROW),
    ("union_tag", ARROW),
    ("uuid", REPLAY),
    (
        "version",
        "it would change results with every upgrade; `eventflux --version` prints the version",
    ),
    ("with_metadata", ARROW),
];

/// Why a function is refused, if it is.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    REFUSED
        .binary_search_by_key(&name, |(refused, _)| refused)
        .ok()
        .map(|index| REFUSED[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_each_name_is_found() {
        assert!(REFUSED.is_sorted_by_key(|(name, _)| *name));
        assert!(refusal("uuid").is_some_and(|reason| reason.contains("replay")));
        assert_eq!(refusal("lower"), None);
    }
}
