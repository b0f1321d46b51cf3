//! Rows become a batch.

use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use super::Value;
use super::column_builder::ColumnBuilder;
use super::fit::check;
use crate::error::{Error, Result};

/// Collects rows of one schema.
///
/// ```
/// use std::sync::Arc;
/// use arrow::datatypes::{DataType, Field, Schema};
/// use eventflux_core::batch::RowBuilder;
///
/// let schema = Arc::new(Schema::new(vec![Field::new("sym", DataType::Utf8, false)]));
/// let mut rows = RowBuilder::new(schema).unwrap();
/// rows.push(&["IBM".into()]).unwrap();
/// assert!(rows.push(&[7.into()]).is_err());
/// assert_eq!(rows.finish().unwrap().num_rows(), 1);
/// ```
pub struct RowBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    row_count: usize,
    memory_bytes: usize,
}

impl RowBuilder {
    /// A builder of no rows yet.
    ///
    /// **Errors** A column's type is none that values have.
    pub fn new(schema: SchemaRef) -> Result<Self> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| ColumnBuilder::new(field))
            .collect::<Result<_>>()?;
        Ok(Self {
            schema,
            columns,
            row_count: 0,
            memory_bytes: 0,
        })
    }

    /// Adds a row: one value per column, in their order.
    ///
    /// **Errors** There are more or fewer values than columns, or one does not fit its column; nothing is added then.
    pub fn push(&mut self, row: &[Value]) -> Result<()> {
        let fields = self.schema.fields();
        if row.len() != fields.len() {
            return Err(Error::Columns(format!(
                "a row of {} values for {} columns",
                row.len(),
                fields.len()
            )));
        }
        for (field, value) in fields.iter().zip(row) {
            check(field, value).map_err(Error::Columns)?;
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
        self.row_count += 1;
        self.memory_bytes += row.iter().map(value_bytes).sum::<usize>();
        Ok(())
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// About how many bytes they take.
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// The rows as a batch; the builder is empty again.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let columns = self
            .columns
            .iter_mut()
            .map(ColumnBuilder::finish)
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.row_count));
        self.row_count = 0;
        self.memory_bytes = 0;
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => 4 + text.len(),
        Value::Binary(bytes) => 4 + bytes.len(),
        Value::Decimal { .. } | Value::Interval { .. } => 16,
        Value::List(values) | Value::Struct(values) => 4 + values.iter().map(value_bytes).sum::<usize>(),
        Value::Map(entries) => {
            4 + entries
                .iter()
                .map(|(key, value)| value_bytes(key) + value_bytes(value))
                .sum::<usize>()
        }
        _ => 8,
    }
}

impl fmt::Debug for RowBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {} columns", self.row_count, self.columns.len())
    }
}
