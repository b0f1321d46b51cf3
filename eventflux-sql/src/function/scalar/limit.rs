//! How large a value a function may make of a row: SQL of a few words must not take all memory.
//!
//! **Units** Bytes of text, elements of arrays.
//!
//! A function whose result can be many times as large as its arguments (`repeat`, `range`) makes at most [`ROW_BYTES_MAX`]
//! or [`ROW_ITEMS_MAX`]; more is an error of the row. One that puts its arguments together (`concat`) may go up to
//! [`SUM_BYTES_MAX`], so that doubling a text many times ends somewhere. One that takes time for each pair of characters or
//! elements (`levenshtein`) takes at most [`ROW_STEPS_MAX`] steps. What all rows of a batch make together is bounded by
//! [`BATCH_BYTES_MAX`]: beyond it the batch fails as a whole and is tried again in halves.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion_common::{DataFusionError, Result, exec_datafusion_err, exec_err};

/// Bytes that a function of few arguments makes of a row.
pub(super) const ROW_BYTES_MAX: usize = 1 << 20;

/// Elements of an array that a function makes of a row.
pub(super) const ROW_ITEMS_MAX: usize = 1 << 20;

/// Steps that a function takes for a row whose time grows faster than its arguments.
pub(super) const ROW_STEPS_MAX: usize = 64 << 20;

/// Bytes of a row's arguments put together.
pub(super) const SUM_BYTES_MAX: usize = 64 << 20;

/// Bytes that a function makes of a batch of several rows.
const BATCH_BYTES_MAX: usize = 256 << 20;

/// A row would have more than the language allows.
pub(super) fn row_too_large(function: &str) -> DataFusionError {
    exec_datafusion_err!("{function} would give more than {ROW_BYTES_MAX} bytes")
}

/// Sizes that a function is about to make, row by row.
pub(super) struct Budget {
    function: &'static str,
    row_max: usize,
    batch_bytes: usize,
    row_count: usize,
}

impl Budget {
    /// A budget of so many units for each row.
    pub(super) fn new(function: &'static str, row_max: usize) -> Self {
        Self {
            function,
            row_max,
            batch_bytes: 0,
            row_count: 0,
        }
    }

    /// The next row takes so many units of so many bytes.
    ///
    /// **Errors** That is too much for a row, or for the batch.
    pub(super) fn take(&mut self, units: usize, unit_bytes: usize, unit: &str) -> Result<()> {
        self.take_within(self.row_max, units, unit_bytes, unit)
    }

    /// As [`Budget::take`], with a limit for this row of its own.
    pub(super) fn take_within(
        &mut self,
        units_max: usize,
        units: usize,
        unit_bytes: usize,
        unit: &str,
    ) -> Result<()> {
        if units > units_max {
            let (function, verb) = (self.function, if unit_bytes == 0 { "take" } else { "give" });
            return exec_err!("{function} would {verb} {units} {unit}, more than {units_max}");
        }
        self.row_count += 1;
        self.batch_bytes = self.batch_bytes.saturating_add(units.saturating_mul(unit_bytes));
        if self.batch_bytes > BATCH_BYTES_MAX && self.row_count > 1 {
            return exec_err!(
                "{} would give more than {BATCH_BYTES_MAX} bytes for one batch",
                self.function
            );
        }
        Ok(())
    }
}

/// Bytes of one cell: its text, its bytes, or the cells of its elements.
pub(super) fn cell_bytes(array: &ArrayRef, row: usize) -> usize {
    if array.is_null(row) {
        return 1;
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value_length(row) as usize,
        DataType::LargeUtf8 => array.as_string::<i64>().value_length(row) as usize,
        DataType::Utf8View => array.as_string_view().value(row).len(),
        DataType::Binary => array.as_binary::<i32>().value_length(row) as usize,
        DataType::LargeBinary => array.as_binary::<i64>().value_length(row) as usize,
        DataType::BinaryView => array.as_binary_view().value(row).len(),
        DataType::List(_) => elements_bytes(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => elements_bytes(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => elements_bytes(&array.as_fixed_size_list().value(row)),
        DataType::Map(_, _) => cells_bytes(array.as_map().value(row).columns()),
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            columns.map(|column| cell_bytes(column, row)).sum()
        }
        other => other.primitive_width().unwrap_or(16),
    }
}

fn cells_bytes(columns: &[ArrayRef]) -> usize {
    columns.iter().map(elements_bytes).sum()
}

fn elements_bytes(elements: &ArrayRef) -> usize {
    match elements.data_type().primitive_width() {
        Some(width) => elements.len() * width,
        None => (0..elements.len()).map(|row| cell_bytes(elements, row)).sum(),
    }
}

/// The elements of a list's cell.
pub(super) fn item_count(array: &ArrayRef, row: usize) -> usize {
    match array.data_type() {
        _ if array.is_null(row) => 0,
        DataType::List(_) => array.as_list::<i32>().value_length(row) as usize,
        DataType::LargeList(_) => array.as_list::<i64>().value_length(row) as usize,
        DataType::FixedSizeList(_, length) => *length as usize,
        _ => 0,
    }
}
