//! Bad rows as a batch of the dead-letter stream.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

use crate::batch::EventBatch;
use crate::error::Result;
use crate::operator::BadRow;
use crate::plan::dead_letter_schema;

/// Bad rows of one stream or operator, found at this time.
pub(super) fn dead_letters(source: &str, rows: &[BadRow], now_us: i64) -> Result<EventBatch> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| source))),
        Arc::new(
            rows.iter()
                .map(|row| row.partition.as_deref())
                .collect::<StringArray>(),
        ),
        Arc::new(rows.iter().map(|row| row.offset).collect::<Int64Array>()),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|row| row.reason.as_str()),
        )),
        Arc::new(BinaryArray::from_iter_values(
            rows.iter().map(|row| row.raw.as_ref()),
        )),
        Arc::new(TimestampMicrosecondArray::from_value(now_us, rows.len())),
    ];
    Ok(EventBatch::at(
        RecordBatch::try_new(dead_letter_schema(), columns)?,
        now_us,
    ))
}
