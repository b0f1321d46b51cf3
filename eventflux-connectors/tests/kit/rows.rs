//! Rows as text, for comparison.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use eventflux_core::batch::EventBatch;

/// One string per row, columns between `|`.
pub fn texts(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let formatter = |column| ArrayFormatter::try_new(column, &options).unwrap();
    let columns: Vec<_> = rows
        .columns()
        .iter()
        .map(|column| formatter(column.as_ref()))
        .collect();
    let row = |index| {
        columns
            .iter()
            .map(|column| column.value(index).to_string())
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..rows.num_rows()).map(row).collect()
}

/// A batch of lines.
pub fn lines(rows: &[&str]) -> EventBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("line", DataType::Utf8, false)]));
    let column = Arc::new(StringArray::from(rows.to_vec()));
    EventBatch::at(RecordBatch::try_new(schema, vec![column]).unwrap(), 0)
}
