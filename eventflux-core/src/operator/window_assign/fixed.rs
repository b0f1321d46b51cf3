//! Windows of fixed bounds.

use arrow::array::{RecordBatch, UInt32Array};
use arrow::datatypes::SchemaRef;

use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::operator::bad_result::report;
use crate::operator::window_aggregate::{Place, Slicing, Span, WindowColumns};
use crate::operator::{Operator, Output};
use crate::plan::WindowSpec;
use crate::state::{StateReader, StateWriter};

/// Attaches windows of fixed bounds.
pub struct FixedWindowAssign {
    slicing: Slicing,
    output: SchemaRef,
    window_columns: WindowColumns,
    rows_max: usize,
}

impl FixedWindowAssign {
    /// The operator of a window. Emits at most `rows_max` rows per batch.
    ///
    /// **Errors** The window is a session, or the output lacks window columns.
    pub fn new(window: &WindowSpec, output: &SchemaRef, rows_max: usize) -> Result<Self> {
        let slicing = Slicing::new(window)
            .ok_or_else(|| Error::Bug("a session is no window of fixed bounds".into()))?;
        Ok(Self {
            slicing,
            output: output.clone(),
            window_columns: WindowColumns::new(output)?,
            rows_max: rows_max.max(1),
        })
    }

    /// The windows of a slice, by end.
    fn windows_of(&self, slice: Span) -> Vec<Span> {
        let mut windows = Vec::new();
        let mut after = i64::MIN;
        while let Some(end) = self.slicing.next_end(slice, after) {
            windows.push(Span {
                start: self.slicing.window_start(end).unwrap_or(slice.start),
                end,
            });
            after = end;
        }
        windows
    }

    fn emit(
        &self,
        batch: &EventBatch,
        rows: &mut Vec<u32>,
        windows: &mut Vec<Span>,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let is_whole =
            rows.len() == batch.num_rows() && rows.iter().enumerate().all(|(at, row)| at == *row as usize);
        let copies = if is_whole {
            batch.clone()
        } else {
            batch.take(&UInt32Array::from(rows.clone()))?
        };
        let mut columns = copies.rows().columns().to_vec();
        columns.extend(self.window_columns.of(windows)?);
        rows.clear();
        windows.clear();
        out.emit(copies.with_rows(RecordBatch::try_new(self.output.clone(), columns)?)?)
    }
}

impl Operator for FixedWindowAssign {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let (mut rows, mut windows) = (Vec::new(), Vec::new());
        let mut current = (Span { start: 0, end: 0 }, Vec::new());
        for (row, time) in batch.event_time().iter().enumerate() {
            if !current.0.contains(*time) {
                match self.slicing.place(*time) {
                    Place::Slice(slice) => current = (slice, self.windows_of(slice)),
                    Place::Gap => continue,
                    Place::OutOfRange => {
                        report(&batch, row, "its window is outside the range of timestamps", out)?;
                        continue;
                    }
                }
            }
            for window in &current.1 {
                rows.push(row as u32);
                windows.push(*window);
                if rows.len() == self.rows_max {
                    self.emit(&batch, &mut rows, &mut windows, out)?;
                }
            }
        }
        if rows.is_empty() {
            Ok(())
        } else {
            self.emit(&batch, &mut rows, &mut windows, out)
        }
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _epoch: u64, _state: &mut dyn StateWriter) -> Result<()> {
        Ok(())
    }

    fn restore(&mut self, _state: &mut dyn StateReader) -> Result<()> {
        Ok(())
    }
}
