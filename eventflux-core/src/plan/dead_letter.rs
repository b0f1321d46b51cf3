//! The stream of bad rows.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("partition", DataType::Utf8, true),
        Field::new("offset", DataType::Int64, true),
        Field::new("reason", DataType::Utf8, false),
        Field::new("raw", DataType::Binary, false),
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, None), false),
    ]))
});

/// The columns of every dead-letter stream: which stream or operator the row left, where it came from, why it is bad, its
/// raw bytes (JSON of the row, where it was already decoded), and when that was found (UTC).
pub fn dead_letter_schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}
