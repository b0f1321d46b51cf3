//! The trait that every operator implements.

use std::sync::Arc;

use super::{FreezingOperator, Output};
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::Result;
use crate::key::KeyGroupMap;
use crate::state::cold::{ColdFigures, ColdState};
use crate::state::{StateReader, StateWriter};
use crate::time::Clock;

/// One parallel copy of an operator: synchronous, single-owner, without locks.
///
/// The subtask's loop calls it; whatever it emits goes to the next operator by a plain call. Barriers, idleness and the
/// end of input are the loop's business: an operator sees a final watermark of
/// [`WATERMARK_MAX`](crate::element::WATERMARK_MAX), then nothing.
pub trait Operator: Send {
    /// Takes rows of one input.
    fn on_batch(&mut self, input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()>;

    /// Event time has advanced (the minimum over all inputs; strictly increasing). The operator emits what is due, then
    /// hands the watermark on with [`Output::emit_watermark`].
    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()>;

    /// Writes what changed since the last snapshot (everything, the first time and after [`Operator::restore`]).
    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()>;

    /// Takes the rows of earlier snapshots, oldest first, before the first batch.
    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()>;

    /// The ability to have its snapshot copied by and by.
    fn freezing(&mut self) -> Option<&mut dyn FreezingOperator> {
        None
    }

    /// The ability to act on processing time.
    fn timed(&mut self) -> Option<&mut dyn TimedOperator> {
        None
    }

    /// Bytes of state that the operator holds in memory.
    fn state_bytes(&self) -> usize {
        0
    }

    /// What it has outside of memory, if its memory is limited.
    fn cold(&self) -> Option<ColdFigures> {
        None
    }
}

/// An operator that acts when processing time reaches a point.
pub trait TimedOperator {
    /// When it next wants to be called, microseconds since the epoch.
    fn next_due_us(&self) -> Option<i64>;

    /// The clock has reached a due time. `now_us` is that due time or later.
    fn on_timer(&mut self, now_us: i64, out: &mut Output<'_>) -> Result<()>;
}

/// What an operator is given when it is built.
#[derive(Debug, Clone)]
pub struct OperatorContext {
    /// The operator's stable id.
    pub operator_id: String,
    /// Which parallel copy this is, from 0.
    pub subtask: usize,
    /// How many copies there are.
    pub parallelism: usize,
    /// How many key groups the app has.
    pub key_groups: u32,
    /// Which copy owns which of them.
    pub owners: KeyGroupMap,
    /// Rows per emitted batch at the most.
    pub batch_rows_max: usize,
    /// Processing time.
    pub clock: Arc<dyn Clock>,
    /// Where state is that does not fit in memory; `None`: memory is not limited.
    pub cold: Option<Arc<ColdState>>,
}
