//! The bounds themselves.

/// Brackets, sub-queries, CASE and type parameters within each other.
pub(crate) const NESTING_MAX: usize = 100;
/// Terms of one chain of AND, OR, arithmetic or casts.
pub(crate) const CHAIN_TERMS_MAX: usize = 500;
/// Nesting and chains together, along the deepest path of one expression.
pub(crate) const DEPTH_MAX: usize = 1_500;
/// Signs and words before an operand: `NOT NOT - - x`.
pub(crate) const PREFIXES_MAX: usize = 100;
/// Parentheses doubled around relations of FROM, which cost the parser two tries each.
pub(crate) const RELATION_PARENTHESES_MAX: usize = 8;
/// Joined inputs of one statement, commas of FROM included.
pub(crate) const JOIN_COUNT_MAX: usize = 64;
/// Set operations of one statement.
pub(crate) const UNION_COUNT_MAX: usize = 500;
/// Columns of a relation, items of SELECT, arguments of a function.
pub(crate) const COLUMN_COUNT_MAX: usize = 2_000;
