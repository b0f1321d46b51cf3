//! What a run counts and measures: own atomics, written by one subtask each, read on demand.
//!
//! **Invariants** Nothing here is touched per row: the loop adds up per batch. A cell has one writer, so writing takes no
//! locked instruction.

mod barrier_stop;
mod cells;
mod exposition;
mod metric;
mod snapshot;

pub use barrier_stop::BarrierStops;
pub use cells::Cells;
pub use exposition::{LabelledSnapshot, exposition, exposition_of};
pub use metric::{Metric, MetricKind, MetricScope, MetricUnit};
pub use snapshot::{CheckpointSnapshot, MetricsSnapshot, OperatorRole, OperatorSnapshot, SubtaskSnapshot};
