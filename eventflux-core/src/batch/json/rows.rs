//! The rows of a batch as objects.

use arrow::array::RecordBatch;
use arrow::datatypes::Field;

use super::nested::{ObjectFields, object_fields, write_object};
use crate::error::Result;

const EXTENSION_KEY: &str = "ARROW:extension:name";
const JSON_EXTENSION: &str = "arrow.json";

/// Whether a text column holds JSON: it is written as it is.
pub fn is_json(field: &Field) -> bool {
    field
        .metadata()
        .get(EXTENSION_KEY)
        .is_some_and(|name| name == JSON_EXTENSION)
}

/// The field of a text column that holds JSON (the SQL type JSON), marked by Arrow's extension name.
pub fn mark_json(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(EXTENSION_KEY.to_owned(), JSON_EXTENSION.to_owned());
    field.with_metadata(metadata)
}

/// The rows of a batch, ready to be written as JSON objects, keys in column order.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
/// use eventflux_core::batch::json::JsonRows;
///
/// let card: ArrayRef = Arc::new(StringArray::from(vec!["A", "B"]));
/// let amount: ArrayRef = Arc::new(Float64Array::from(vec![Some(5.0), None]));
/// let batch = RecordBatch::try_from_iter_with_nullable([("card", card, false), ("amount", amount, true)]).unwrap();
/// let mut out = Vec::new();
/// let rows = JsonRows::new(&batch).unwrap();
/// rows.write(0, &mut out);
/// rows.write(1, &mut out);
/// assert_eq!(out, br#"{"card":"A","amount":5.0}{"card":"B","amount":null}"#);
/// ```
pub struct JsonRows<'a> {
    fields: ObjectFields<'a>,
}

impl<'a> JsonRows<'a> {
    /// The rows of this batch.
    ///
    /// **Errors** A column's type is none of the language's.
    pub fn new(batch: &'a RecordBatch) -> Result<Self> {
        Self::of_columns(batch, &Vec::from_iter(0..batch.num_columns()))
    }

    /// The rows of this batch with only these columns, in this order.
    ///
    /// **Errors** A column's type is none of the language's.
    pub fn of_columns(batch: &'a RecordBatch, columns: &[usize]) -> Result<Self> {
        let columns = columns
            .iter()
            .map(|column| (batch.column(*column), batch.schema_ref().field(*column)));
        Ok(Self {
            fields: object_fields(columns)?,
        })
    }

    /// Appends one row as an object, without a line break.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) {
        write_object(&self.fields, row, out);
    }
}

/// Appends one row of a batch as a JSON object. For many rows, use [`JsonRows`].
pub fn write_row(batch: &RecordBatch, row: usize, out: &mut Vec<u8>) -> Result<()> {
    JsonRows::new(batch)?.write(row, out);
    Ok(())
}
