//! The rows that an output gives.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use eventflux_core::Error;
use eventflux_core::batch::{EventBatch, RowKind, Value};

use super::FromValue;

/// Rows of one stream, one or many. Cheap to clone: the columns are shared.
#[derive(Debug, Clone)]
pub struct Rows {
    batch: EventBatch,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    batch: &'a EventBatch,
    index: usize,
}

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// There is no such column.
    #[error("there is no column `{column}`; there are {columns}")]
    UnknownColumn {
        /// The name or index that was asked for.
        column: String,
        /// The columns that there are.
        columns: String,
    },
    /// The value is of another type, or does not fit the one that was asked for.
    #[error("column `{column}` holds {value:?}, which is no {wanted}")]
    Type {
        /// The column.
        column: String,
        /// The value.
        value: Value,
        /// The Rust type that was asked for.
        wanted: &'static str,
    },
    /// Values of the column's type can only be read as columns.
    #[error("column `{column}`: {message}")]
    Column {
        /// The column.
        column: String,
        /// What is in the way.
        message: String,
    },
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|index| Row {
            batch: &self.batch,
            index,
        })
    }

    /// The rows as columns.
    pub fn columns(&self) -> &RecordBatch {
        self.batch.rows()
    }

    /// The names and types of the columns.
    pub fn schema(&self) -> SchemaRef {
        self.batch.schema()
    }

    /// The rows as the engine has them: columns, event times and kinds.
    pub fn batch(&self) -> &EventBatch {
        &self.batch
    }
}

impl From<EventBatch> for Rows {
    fn from(batch: EventBatch) -> Self {
        Self { batch }
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = Row<'a>;
    type IntoIter = Box<dyn Iterator<Item = Row<'a>> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl Row<'_> {
    /// The value of a column.
    ///
    /// **Errors** There is no such column, or its value is no `T`: read a column with NULLs as an `Option`.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, RowError> {
        match self.batch.schema().index_of(column) {
            Ok(index) => self.at(index),
            Err(_) => Err(self.unknown(column.to_owned())),
        }
    }

    /// The value of a column by its index.
    ///
    /// **Errors** As for [`Row::get`].
    pub fn at<T: FromValue>(&self, column: usize) -> Result<T, RowError> {
        if column >= self.batch.rows().num_columns() {
            return Err(self.unknown(column.to_string()));
        }
        T::from_value(self.value(column)?).map_err(|value| RowError::Type {
            column: self.name(column),
            value,
            wanted: std::any::type_name::<T>(),
        })
    }

    /// All values, in the order of the columns.
    ///
    /// **Errors** A column's type can only be read as a column.
    pub fn values(&self) -> Result<Vec<Value>, RowError> {
        (0..self.batch.rows().num_columns())
            .map(|column| self.value(column))
            .collect()
    }

    /// What the row does to the result: in a stream that only grows, all rows are insertions.
    pub fn kind(&self) -> RowKind {
        self.batch.kind(self.index)
    }

    /// The row's event time, microseconds since the epoch.
    pub fn event_time_us(&self) -> i64 {
        self.batch.event_time()[self.index]
    }

    fn value(&self, column: usize) -> Result<Value, RowError> {
        Value::read(self.batch.column(column).as_ref(), self.index).map_err(|error: Error| RowError::Column {
            column: self.name(column),
            message: error.to_string(),
        })
    }

    fn name(&self, column: usize) -> String {
        self.batch.schema().field(column).name().clone()
    }

    fn unknown(&self, column: String) -> RowError {
        let schema = self.batch.schema();
        let columns: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| format!("`{}`", field.name()))
            .collect();
        RowError::UnknownColumn {
            column,
            columns: columns.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn rows() -> Rows {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 300]));
        let columns = RecordBatch::try_from_iter([("name", names), ("n", numbers)]).unwrap();
        EventBatch::new(columns, vec![5, 6].into()).unwrap().into()
    }

    #[test]
    fn values_are_read_by_name_and_by_index() {
        let rows = rows();
        let read: Vec<(Option<String>, i64)> = rows
            .iter()
            .map(|row| (row.get("name").unwrap(), row.at(1).unwrap()))
            .collect();
        assert_eq!(read, [(Some("a".to_owned()), 1), (None, 300)]);
        let times: Vec<i64> = (&rows).into_iter().map(|row| row.event_time_us()).collect();
        assert_eq!((times, rows.len(), rows.is_empty()), (vec![5, 6], 2, false));
        assert_eq!(
            rows.iter().next().unwrap().values().unwrap(),
            ["a".into(), 1.into()]
        );
        assert_eq!(rows.iter().next().unwrap().kind(), RowKind::Insert);
    }

    #[test]
    fn a_value_that_is_not_what_was_asked_for_is_an_error_that_says_so() {
        let rows = rows();
        let last = rows.iter().last().unwrap();
        assert_eq!(
            last.get::<i8>("n").unwrap_err().to_string(),
            "column `n` holds Int(300), which is no i8"
        );
        assert!(
            last.get::<String>("name")
                .unwrap_err()
                .to_string()
                .starts_with("column `name` holds Null")
        );
        let unknown = "there is no column `x`; there are `name`, `n`";
        assert_eq!(last.get::<i64>("x").unwrap_err().to_string(), unknown);
        assert!(last.at::<i64>(2).is_err());
    }
}
