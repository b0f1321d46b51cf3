//! What can be written today instead of what is refused in several places.

/// Instead of LIMIT and its like.
pub(crate) const FIRST_ROWS: &str = "to look at the first rows, run with `--until 100rows`";

/// Instead of a join.
pub(crate) const ONE_RELATION: &str =
    "today: a query reads one relation; streams of the same columns are put together by UNION ALL";

/// Instead of UNNEST and its like.
pub(crate) const ELEMENTS: &str = "today: take the elements that are needed, as in `tags[1]`";

/// Instead of EXCEPT.
pub(crate) const EXCEPT: &str =
    "today: one query with the second's condition under NOT, if both read one stream";
