//! Result rows on their way out.

use super::Output;
use crate::batch::EventBatch;
use crate::error::Result;

/// Collects rows into batches of up to `rows_max`, so that many small windows do not make many small batches.
#[derive(Debug)]
pub(super) struct ResultRows {
    rows_max: usize,
    row_count: usize,
    batches: Vec<EventBatch>,
}

impl ResultRows {
    pub(super) fn new(rows_max: usize) -> Self {
        Self {
            rows_max: rows_max.max(1),
            row_count: 0,
            batches: Vec::new(),
        }
    }

    /// The most rows that a batch given to [`ResultRows::push`] should have.
    pub(super) fn rows_max(&self) -> usize {
        self.rows_max
    }

    /// Takes rows; those taken before go out if not all fit into one batch.
    pub(super) fn push(&mut self, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        if self.row_count + batch.num_rows() > self.rows_max {
            self.flush(out)?;
        }
        if batch.num_rows() > 0 {
            self.row_count += batch.num_rows();
            self.batches.push(batch);
        }
        Ok(())
    }

    /// Sends out what there is.
    pub(super) fn flush(&mut self, out: &mut Output<'_>) -> Result<()> {
        if self.batches.is_empty() {
            return Ok(());
        }
        let batch = EventBatch::concat(&self.batches)?;
        self.batches.clear();
        self.row_count = 0;
        for offset in (0..batch.num_rows()).step_by(self.rows_max) {
            out.emit(batch.slice(offset, self.rows_max.min(batch.num_rows() - offset)))?;
        }
        Ok(())
    }
}
