//! Names that users bring along from other systems.

/// A name and the registered function that it stands for. DataFusion's own aliases come on top.
pub(super) const SCALAR_ALIASES: &[(&str, &str)] = &[
    ("array_size", "array_length"),
    ("ceiling", "ceil"),
    ("len", "character_length"),
    ("lcase", "lower"),
    ("sign", "signum"),
    ("truncate", "trunc"),
    ("ucase", "upper"),
];

/// The same for aggregates.
pub(super) const AGGREGATE_ALIASES: &[(&str, &str)] = &[
    ("collect_list", "array_agg"),
    ("every", "bool_and"),
    ("listagg", "string_agg"),
    ("variance", "var"),
    ("approx_count_distinct", "approx_distinct"),
];
