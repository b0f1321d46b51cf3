//! A new event time and watermark from a column.
//!
//! **Shapes** The watermark is the largest time seen less the delay, and [`WATERMARK_MAX`] at the end of the input. The
//! input's own watermark tells nothing about the column's times, so it goes no further. A row whose time is NULL is bad.
//!
//! **Invariants** What is late behind this operator does not depend on how its input is cut into batches: see
//! [`BoundedDelay`].

use arrow::array::BooleanArray;

use super::bad_result::report;
use super::progress::Progress;
use super::{Operator, OperatorContext, Output};
use crate::batch::EventBatch;
use crate::element::{WATERMARK_MAX, Watermark};
use crate::error::{Error, Result};
use crate::plan::EventTimeSpec;
use crate::state::{SHARED_TABLE, StateReader, StateWriter};
use crate::time::{BoundedDelay, event_times};

/// The table of its snapshots.
const PROGRESS: u8 = 0;

/// Gives rows the time of a column.
#[derive(Debug)]
pub struct EventTime {
    column: usize,
    delay: BoundedDelay,
    /// Its watermark is the last one handed on.
    progress: Progress,
    context: OperatorContext,
}

impl EventTime {
    /// The operator of a spec.
    pub fn new(spec: &EventTimeSpec, context: OperatorContext) -> Self {
        Self {
            column: spec.column,
            delay: BoundedDelay::new(spec.delay_us),
            progress: Progress::new(PROGRESS),
            context,
        }
    }
}

impl Operator for EventTime {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let (times, nulls) = event_times(batch.column(self.column))?;
        let batch = match nulls {
            None => batch.with_event_time(times)?,
            Some(nulls) => {
                for row in (0..batch.num_rows()).filter(|row| nulls.is_null(*row)) {
                    report(&batch, row, "its event time is NULL", out)?;
                }
                let timed = batch.with_event_time(times)?;
                timed.filter(&BooleanArray::new(nulls.inner().clone(), None))?
            }
        };
        let cuts = self
            .delay
            .cut(batch.event_time(), WATERMARK_MAX, &mut self.progress.watermark);
        for cut in cuts {
            out.emit(batch.slice(cut.rows.start, cut.rows.len()))?;
            if let Some(watermark) = cut.watermark {
                out.emit_watermark(watermark)?;
            }
        }
        Ok(())
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        if watermark == WATERMARK_MAX {
            out.emit_watermark(watermark)?;
        }
        Ok(())
    }

    fn snapshot(&mut self, _epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        self.progress.snapshot(&self.context, state)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        while let Some(row) = state.next_row()? {
            if row.table != PROGRESS && row.table != SHARED_TABLE {
                return Err(Error::State {
                    operator: self.context.operator_id.clone(),
                    message: format!("there is no table {}", row.table),
                });
            }
            self.progress.restore(row)?;
        }
        self.progress.finish_restore(&self.context, state.is_continued());
        Ok(())
    }
}
