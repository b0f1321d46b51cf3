//! Conditions.

use super::doc::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    (
        "coalesce",
        "coalesce(value, …)",
        "The first value that is not NULL. What comes behind it is not evaluated.",
        "coalesce(NULL, 1, 1 / 0)",
        "1",
    ),
    (
        "greatest",
        "greatest(value, …)",
        "The greatest value, NULLs left out.",
        "greatest(1, NULL, 3)",
        "3",
    ),
    (
        "least",
        "least(value, …)",
        "The least value, NULLs left out.",
        "least(3, NULL, 1)",
        "1",
    ),
    (
        "nullif",
        "nullif(a, b)",
        "a, or NULL if it is equal to b.",
        "10 / nullif(0, 0)",
        "null",
    ),
    ("nvl", "nvl(a, b)", "a, or b if a is NULL.", "nvl(NULL, 1)", "1"),
    (
        "nvl2",
        "nvl2(a, b, c)",
        "b if a is not NULL, otherwise c.",
        "nvl2(NULL, 'there', 'not')",
        "not",
    ),
];
