//! Arguments as columns of text and numbers.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion_common::{Result, internal_err};
use datafusion_expr::ScalarFunctionArgs;

/// The arguments of a call, each as a column with a value per row.
pub(super) struct Arguments {
    columns: Vec<ArrayRef>,
    /// How many rows there are.
    pub(super) row_count: usize,
}

impl Arguments {
    pub(super) fn new(args: ScalarFunctionArgs) -> Result<Self> {
        let row_count = args.number_rows;
        let columns = args.args.into_iter().map(|argument| {
            let column = argument.into_array(row_count)?;
            match column.data_type() {
                // Some functions of DataFusion give text in other layouts.
                DataType::LargeUtf8 | DataType::Utf8View => Ok(cast(&column, &DataType::Utf8)?),
                _ => Ok(column),
            }
        });
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
            row_count,
        })
    }

    /// The same arguments, one of them as text of the usual layout.
    pub(super) fn with_text(mut self, index: usize) -> Result<Self> {
        if let Some(column) = self.columns.get_mut(index) {
            *column = cast(column, &DataType::Utf8)?;
        }
        Ok(self)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// One of them, as it is.
    pub(super) fn column(&self, index: usize) -> Result<&ArrayRef> {
        match self.columns.get(index) {
            Some(column) => Ok(column),
            None => internal_err!("there is no argument {index}"),
        }
    }

    /// One of them, which the signature makes text.
    pub(super) fn text(&self, index: usize) -> Result<&StringArray> {
        let column = self.column(index)?;
        match column.as_string_opt::<i32>() {
            Some(text) => Ok(text),
            None => internal_err!("argument {index} is {}, not text", column.data_type()),
        }
    }

    /// One of them, which the signature makes BIGINT.
    pub(super) fn integer(&self, index: usize) -> Result<&Int64Array> {
        let column = self.column(index)?;
        match column.as_primitive_opt::<Int64Type>() {
            Some(integers) => Ok(integers),
            None => internal_err!("argument {index} is {}, not BIGINT", column.data_type()),
        }
    }

    /// Whether all of a row's arguments are there.
    pub(super) fn are_valid(&self, row: usize) -> bool {
        self.columns.iter().all(|column| column.is_valid(row))
    }
}
