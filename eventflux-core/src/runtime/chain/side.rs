//! What leaves an operator beside its results: late rows and bad rows.

use std::sync::Arc;

use super::Next;
use super::dead_letter::dead_letters;
use crate::batch::EventBatch;
use crate::element::{StreamElement, WATERMARK_MAX, Watermark};
use crate::error::{Error, Result};
use crate::metrics::Metric;
use crate::operator::{BadRow, Collector, SideOutput};
use crate::plan::ErrorPolicy;
use crate::runtime::meter::OperatorEntry;
use crate::time::task_now_us;

/// Bad rows are sent on when they hold this many raw bytes, or when the operator has returned.
const FLUSH_BYTES: usize = 1 << 20;

/// The side outputs of one operator. Late rows carry the operator's watermarks; dead letters have their time of arrival as
/// event time, so that no watermark but the last goes with them.
pub(crate) struct Side {
    /// What bad rows name as their source: a stream, or an operator.
    origin: String,
    policy: ErrorPolicy,
    late: Next,
    errors: Next,
    entry: Arc<OperatorEntry>,
    bad: Vec<BadRow>,
    bad_bytes: usize,
}

impl Side {
    pub(crate) fn new(
        origin: String,
        policy: ErrorPolicy,
        late: Next,
        errors: Next,
        entry: Arc<OperatorEntry>,
    ) -> Self {
        Self {
            origin,
            policy,
            late,
            errors,
            entry,
            bad: Vec::new(),
            bad_bytes: 0,
        }
    }

    /// Hands a barrier or the end on to both.
    pub(crate) fn pass(&mut self, element: StreamElement) -> Result<()> {
        self.late.collect(element.clone())?;
        self.errors.collect(element)
    }

    /// Hands a watermark on: all to the late rows, only the last one to the bad rows.
    pub(crate) fn pass_watermark(&mut self, watermark: Watermark) -> Result<()> {
        self.late.collect(StreamElement::Watermark(watermark))?;
        match watermark {
            WATERMARK_MAX => self.errors.collect(StreamElement::Watermark(watermark)),
            _ => Ok(()),
        }
    }

    /// Hands idleness on to the late rows.
    pub(crate) fn pass_idle(&mut self) -> Result<()> {
        self.late.collect(StreamElement::Idle)
    }

    /// Sends bad rows on.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if self.bad.is_empty() {
            return Ok(());
        }
        let now_us = task_now_us().unwrap_or_default();
        let letters = dead_letters(&self.origin, &self.bad, now_us)?;
        self.bad.clear();
        self.bad_bytes = 0;
        self.errors.collect(StreamElement::Batch(letters))
    }

    pub(crate) fn branches(&mut self) -> [&mut Next; 2] {
        [&mut self.late, &mut self.errors]
    }
}

impl SideOutput for Side {
    fn late(&mut self, rows: EventBatch) -> Result<()> {
        self.entry.cells.add(Metric::LateRows, rows.num_rows() as u64);
        self.late.collect(StreamElement::Batch(rows))
    }

    fn late_count(&mut self, count: u64) {
        self.entry.cells.add(Metric::LateRows, count);
    }

    fn bad_row(&mut self, row: BadRow, _event_time_us: i64) -> Result<()> {
        self.entry.count_bad_row(&row);
        match self.policy {
            ErrorPolicy::Fail => Err(Error::BadRow {
                stream: self.origin.clone(),
                reason: row.reason,
            }),
            ErrorPolicy::DeadLetter if !self.errors.is_nothing() => {
                self.bad_bytes += row.raw.len() + row.reason.len();
                self.bad.push(row);
                if self.bad_bytes >= FLUSH_BYTES {
                    self.flush()
                } else {
                    Ok(())
                }
            }
            ErrorPolicy::DeadLetter | ErrorPolicy::Drop => Ok(()),
        }
    }
}
