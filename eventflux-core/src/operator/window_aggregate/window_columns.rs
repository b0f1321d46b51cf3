//! The columns `window_start`, `window_end`, `window_time`.

use std::sync::Arc;

use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, TimeUnit};

use super::slicing::Span;
use crate::error::{Error, Result};

/// How many columns a window has.
pub const WINDOW_COLUMNS: usize = 3;

/// Makes the columns of windows in the types that the output has for them.
#[derive(Debug, Clone)]
pub struct WindowColumns {
    data_types: [DataType; WINDOW_COLUMNS],
}

impl WindowColumns {
    /// For an output whose last columns are a window's.
    ///
    /// **Errors** It has no such columns.
    pub fn new(output: &Schema) -> Result<Self> {
        let fields = output.fields();
        let types = fields
            .iter()
            .rev()
            .take(WINDOW_COLUMNS)
            .map(|field| field.data_type().clone());
        let mut types = types.collect::<Vec<_>>();
        types.reverse();
        let data_types = <[DataType; WINDOW_COLUMNS]>::try_from(types)
            .map_err(|_| Error::Bug("a windowed result lacks the window's columns".into()))?;
        match data_types
            .iter()
            .find(|data_type| !matches!(data_type, DataType::Timestamp(..)))
        {
            Some(other) => Err(Error::Bug(format!("a window column has type {other}"))),
            None => Ok(Self { data_types }),
        }
    }

    /// The columns of these windows, one row each.
    pub fn of(&self, windows: &[Span]) -> Result<Vec<ArrayRef>> {
        let [start, end, time] = &self.data_types;
        Ok(vec![
            timestamps(windows.iter().map(|window| window.start), start)?,
            timestamps(windows.iter().map(|window| window.end), end)?,
            timestamps(windows.iter().map(|window| window.end - 1), time)?,
        ])
    }
}

fn timestamps(values: impl Iterator<Item = i64>, data_type: &DataType) -> Result<ArrayRef> {
    let array = TimestampMicrosecondArray::from_iter_values(values);
    Ok(match data_type {
        DataType::Timestamp(TimeUnit::Microsecond, None) => Arc::new(array),
        // Instants are UTC on both sides, so only the unit is cast.
        DataType::Timestamp(_, zone) => cast(&array.with_timezone_opt(zone.clone()), data_type)?,
        other => return Err(Error::Bug(format!("a window column has type {other}"))),
    })
}
