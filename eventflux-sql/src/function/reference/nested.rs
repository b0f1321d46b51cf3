//! Maps and structs.

use super::doc::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    (
        "get_field",
        "get_field(struct, name)",
        "A field of a struct, or the value of a key in a map; also `(s).name`, `s['name']`.",
        "get_field(named_struct('a', 1), 'a')",
        "1",
    ),
    (
        "map",
        "map(keys, values)",
        "A map from an array of keys and one of values.",
        "map(ARRAY['a', 'b'], ARRAY[1, 2])",
        "{\"a\":1,\"b\":2}",
    ),
    (
        "map_entries",
        "map_entries(map)",
        "The pairs of a map, as an array of structs.",
        "map_entries(map(ARRAY['a'], ARRAY[1]))",
        "[{\"key\":\"a\",\"value\":1}]",
    ),
    (
        "map_extract",
        "map_extract(map, key)",
        "The value of a key, as an array that is empty if there is none.",
        "map_extract(map(ARRAY['a'], ARRAY[1]), 'a')",
        "[1]",
    ),
    (
        "map_keys",
        "map_keys(map)",
        "The keys of a map.",
        "map_keys(map(ARRAY['a'], ARRAY[1]))",
        "[\"a\"]",
    ),
    (
        "map_values",
        "map_values(map)",
        "The values of a map.",
        "map_values(map(ARRAY['a'], ARRAY[1]))",
        "[1]",
    ),
    (
        "named_struct",
        "named_struct(name, value, …)",
        "A struct with these fields.",
        "named_struct('a', 1, 'b', 'x')",
        "{\"a\":1,\"b\":\"x\"}",
    ),
    (
        "struct",
        "struct(value, …)",
        "A struct whose fields are `c0`, `c1`, ….",
        "struct(1, 'x')",
        "{\"c0\":1,\"c1\":\"x\"}",
    ),
];
