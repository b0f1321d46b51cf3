//! A batch of rows with their event times and, in a changelog, their kinds.

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{filter, filter_record_batch, take, take_record_batch};
use arrow::datatypes::SchemaRef;

use super::{RowKind, RowKinds};
use crate::error::{Error, Result};

/// Rows of one schema as columns, an event time per row, and optional row kinds.
///
/// **Units** Event times are microseconds since the epoch, UTC.
///
/// **Invariants** `event_time` and `kinds` are as long as the columns. Absent kinds mean all `+I`. Between the two ends of an exchange rows may be partial aggregates, which only the operator behind it can read.
#[derive(Debug, Clone)]
pub struct EventBatch {
    rows: RecordBatch,
    event_time: ScalarBuffer<i64>,
    kinds: Option<RowKinds>,
    is_partial: bool,
}

impl EventBatch {
    /// A batch of inserted rows.
    ///
    /// **Errors** The lengths differ.
    pub fn new(rows: RecordBatch, event_time: ScalarBuffer<i64>) -> Result<Self> {
        if rows.num_rows() != event_time.len() {
            return Err(Error::Bug(format!(
                "{} rows with {} event times",
                rows.num_rows(),
                event_time.len()
            )));
        }
        Ok(Self {
            rows,
            event_time,
            kinds: None,
            is_partial: false,
        })
    }

    /// A batch whose rows all have the same event time.
    pub fn at(rows: RecordBatch, event_time_us: i64) -> Self {
        let event_time = vec![event_time_us; rows.num_rows()].into();
        Self {
            rows,
            event_time,
            kinds: None,
            is_partial: false,
        }
    }

    /// The same batch as a changelog; `None` makes all rows insertions.
    ///
    /// **Errors** The lengths differ.
    pub fn with_kinds(mut self, kinds: Option<RowKinds>) -> Result<Self> {
        if let Some(kinds) = &kinds
            && kinds.len() != self.num_rows()
        {
            return Err(Error::Bug(format!(
                "{} rows with {} row kinds",
                self.num_rows(),
                kinds.len()
            )));
        }
        self.kinds = kinds.filter(|kinds| kinds.iter().any(|kind| *kind != RowKind::Insert));
        Ok(self)
    }

    /// The same batch, whose rows are partial aggregates.
    #[must_use]
    pub fn as_partial(self) -> Self {
        Self {
            is_partial: true,
            ..self
        }
    }

    /// The same rows, times and kinds under other columns.
    ///
    /// **Errors** The row count differs.
    pub fn with_rows(self, rows: RecordBatch) -> Result<Self> {
        if rows.num_rows() != self.num_rows() {
            return Err(Error::Bug(format!(
                "{} rows in place of {}",
                rows.num_rows(),
                self.num_rows()
            )));
        }
        Ok(Self { rows, ..self })
    }

    /// The same rows with other event times.
    ///
    /// **Errors** The lengths differ.
    pub fn with_event_time(self, event_time: ScalarBuffer<i64>) -> Result<Self> {
        if event_time.len() != self.num_rows() {
            return Err(Error::Bug(format!(
                "{} rows with {} event times",
                self.num_rows(),
                event_time.len()
            )));
        }
        Ok(Self { event_time, ..self })
    }

    /// The columns.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// One column.
    pub fn column(&self, index: usize) -> &ArrayRef {
        self.rows.column(index)
    }

    /// The columns' schema.
    pub fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    /// How many rows there are.
    pub fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// The event time of each row, microseconds since the epoch.
    pub fn event_time(&self) -> &ScalarBuffer<i64> {
        &self.event_time
    }

    /// The kind of each row; `None` means that all are insertions.
    pub fn kinds(&self) -> Option<&RowKinds> {
        self.kinds.as_ref()
    }

    /// The kind of one row.
    pub fn kind(&self, row: usize) -> RowKind {
        self.kinds.as_ref().map_or(RowKind::Insert, |kinds| kinds[row])
    }

    /// Whether its rows are partial aggregates.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Bytes that the batch keeps in memory; shared buffers count in full.
    pub fn memory_bytes(&self) -> usize {
        self.rows.get_array_memory_size()
            + self.event_time.inner().len()
            + self.kinds.as_ref().map_or(0, |kinds| kinds.len())
    }

    /// Rows `offset .. offset + length`, without a copy of the columns.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(offset, length),
            event_time: self.event_time.slice(offset, length),
            kinds: self
                .kinds
                .as_ref()
                .map(|kinds| kinds[offset..offset + length].into()),
            is_partial: self.is_partial,
        }
    }

    /// The rows for which the mask is true (NULL counts as false).
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self> {
        let rows = filter_record_batch(&self.rows, mask)?;
        let times = filter(&self.event_time_array(), mask)?;
        let kept = || (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row));
        Ok(Self {
            rows,
            event_time: int64_values(&times)?,
            kinds: self
                .kinds
                .as_ref()
                .map(|kinds| kept().map(|row| kinds[row]).collect()),
            is_partial: self.is_partial,
        })
    }

    /// The rows at these indices, in their order.
    pub fn take(&self, indices: &UInt32Array) -> Result<Self> {
        let rows = take_record_batch(&self.rows, indices)?;
        let times = take(&self.event_time_array(), indices, None)?;
        let at = || indices.values().iter().map(|index| *index as usize);
        Ok(Self {
            rows,
            event_time: int64_values(&times)?,
            kinds: self
                .kinds
                .as_ref()
                .map(|kinds| at().map(|row| kinds[row]).collect()),
            is_partial: self.is_partial,
        })
    }

    /// The columns at these indices, in their order.
    pub fn project(&self, columns: &[usize]) -> Result<Self> {
        Ok(Self {
            rows: self.rows.project(columns)?,
            ..self.clone()
        })
    }

    fn event_time_array(&self) -> Int64Array {
        Int64Array::new(self.event_time.clone(), None)
    }
}

fn int64_values(array: &ArrayRef) -> Result<ScalarBuffer<i64>> {
    array
        .as_any()
        .downcast_ref::<Int64Array>()
        .map(|array| array.values().clone())
        .ok_or_else(|| Error::Bug("event times are not 64-bit integers".into()))
}
