//! What loops hand over for a checkpoint.

use crate::connector::{PreCommit, SourcePosition};
use crate::element::{Barrier, Watermark};
use crate::state::segment::SnapshotRows;

/// One parallel copy of an operator, as checkpoints name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Participant {
    /// The operator's stable id.
    pub operator_id: String,
    /// Which copy it is, from 0.
    pub subtask: usize,
}

/// A loop, by its place in the run.
pub type LoopId = usize;

/// A part of a checkpoint, or what decides when there is one.
#[derive(Debug)]
pub enum CheckpointPart {
    /// An operator's state at a barrier.
    Operator {
        /// The barrier.
        barrier: Barrier,
        /// Whose state it is.
        operator: Participant,
        /// The loop that it is part of.
        loop_id: LoopId,
        /// What changed since the last snapshot; everything, the first time.
        rows: SnapshotRows,
        /// The last watermark that it was given.
        watermark: Watermark,
    },
    /// How far a source had come at a barrier.
    Source {
        /// The barrier.
        barrier: Barrier,
        /// The source.
        source: Participant,
        /// Everything before the barrier, nothing after it.
        cut: SourceCut,
    },
    /// What a sink needs to commit the epoch that a barrier ends.
    Sink {
        /// The barrier.
        barrier: Barrier,
        /// The sink.
        sink: Participant,
        /// What it has staged, not all of which need be durable yet.
        pre_commit: PreCommit,
    },
    /// A loop has handed the barrier on: its operators' parts are complete and its sinks have flushed.
    Acknowledged {
        /// The barrier.
        barrier: Barrier,
        /// The loop.
        loop_id: LoopId,
    },
    /// A source waits for a checkpoint before it takes more rows: there is no room for more that has changed.
    Wanted,
    /// A loop that begins with a source has nothing more to read: its input has ended, or was told to stop. It goes on to
    /// take part in checkpoints until the run is let go.
    InputEnded {
        /// The loop.
        loop_id: LoopId,
    },
}

/// How far one subtask of a source has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCut {
    /// Where a restart goes on reading.
    pub positions: Vec<SourcePosition>,
    /// Event time.
    pub times: SourceTimes,
}

/// How far event time has come at a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceTimes {
    /// The watermark that was handed on; `None` before the first.
    pub watermark: Option<Watermark>,
    /// By partition, the largest event time that was read.
    pub partitions: Vec<(String, i64)>,
}
