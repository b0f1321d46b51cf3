//! The built-in stream of rows that did not decode, broke a constraint or made an expression fail.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::{Column, ColumnOrigin, Relation, RelationType, timestamp};

/// Its name.
pub(crate) const ERROR_STREAM: &str = "system.errors";

/// Its columns, and those of any stream named by `'dead_letter'`.
pub(crate) fn error_columns() -> Vec<Column> {
    [
        ("source", DataType::Utf8),
        ("partition", DataType::Utf8),
        ("offset", DataType::Int64),
        ("reason", DataType::Utf8),
        ("raw", DataType::Binary),
        ("time", timestamp()),
    ]
    .into_iter()
    .map(|(name, data_type)| Column {
        field: Arc::new(Field::new(name, data_type, true)),
        origin: ColumnOrigin::Physical,
        span: None,
    })
    .collect()
}

/// The built-in stream.
pub(crate) fn error_stream() -> Relation {
    Relation::internal(
        ERROR_STREAM.to_owned(),
        RelationType::Errors,
        error_columns(),
        None,
    )
}
