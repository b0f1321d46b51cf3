//! Arguments as sizes and numbers, without making columns of constants.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};

use super::super::limit::{cell_bytes, item_count};

/// An argument: of one value for all rows, or of one for each.
pub(super) struct Argument {
    values: ArrayRef,
    is_constant: bool,
}

impl Argument {
    /// The argument at this place.
    pub(super) fn at(args: &ScalarFunctionArgs, index: usize) -> Result<Self> {
        let argument = args.args.get(index);
        Self::new(argument.ok_or_else(|| exec_datafusion_err!("there is no argument {index}"))?)
    }

    /// The argument at this place, if there is one.
    pub(super) fn optional(args: &ScalarFunctionArgs, index: usize) -> Result<Option<Self>> {
        args.args.get(index).map(Self::new).transpose()
    }

    /// All arguments.
    pub(super) fn all(args: &ScalarFunctionArgs) -> Result<Vec<Self>> {
        args.args.iter().map(Self::new).collect()
    }

    pub(super) fn new(argument: &ColumnarValue) -> Result<Self> {
        Ok(match argument {
            ColumnarValue::Array(array) => Self {
                values: array.clone(),
                is_constant: false,
            },
            ColumnarValue::Scalar(scalar) => Self {
                values: scalar.to_array()?,
                is_constant: true,
            },
        })
    }

    /// Whole numbers, whatever their width.
    pub(super) fn as_integers(&self) -> Result<Self> {
        Ok(Self {
            values: cast(&self.values, &DataType::Int64)?,
            is_constant: self.is_constant,
        })
    }

    /// The values in another type.
    pub(super) fn cast(&self, to: &DataType) -> Result<Self> {
        Ok(Self {
            values: cast(&self.values, to)?,
            is_constant: self.is_constant,
        })
    }

    /// The values, and where in them that of a row is.
    pub(super) fn cell(&self, row: usize) -> (&ArrayRef, usize) {
        (&self.values, if self.is_constant { 0 } else { row })
    }

    /// Whether the value of a row is NULL.
    pub(super) fn is_null(&self, row: usize) -> bool {
        let (values, row) = self.cell(row);
        values.data_type().is_null() || values.is_null(row)
    }

    /// Bytes of the value of a row.
    pub(super) fn bytes(&self, row: usize) -> usize {
        let (values, row) = self.cell(row);
        cell_bytes(values, row)
    }

    /// Bytes of the values of all rows together.
    pub(super) fn bytes_of_all(&self, row_count: usize) -> usize {
        let bytes = self
            .values
            .to_data()
            .get_slice_memory_size()
            .unwrap_or(usize::MAX);
        if self.is_constant {
            bytes.saturating_mul(row_count)
        } else {
            bytes
        }
    }

    /// Elements of the array of a row.
    pub(super) fn items(&self, row: usize) -> usize {
        let (values, row) = self.cell(row);
        item_count(values, row)
    }

    /// The number of a row, if the argument is one of [`Argument::as_integers`]; NULL is `None`.
    pub(super) fn integer(&self, row: usize) -> Option<i64> {
        let (values, row) = self.cell(row);
        let integers = values.as_primitive_opt::<Int64Type>()?;
        integers.is_valid(row).then(|| integers.value(row))
    }

    /// The text of a row; NULL is `None`.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        let (values, row) = self.cell(row);
        if values.is_null(row) {
            return None;
        }
        match values.data_type() {
            DataType::Utf8 => Some(values.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Some(values.as_string::<i64>().value(row)),
            DataType::Utf8View => Some(values.as_string_view().value(row)),
            _ => None,
        }
    }

    /// The type of the values.
    pub(super) fn data_type(&self) -> &DataType {
        self.values.data_type()
    }
}
