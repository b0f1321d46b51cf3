//! What a process with some of the loops tells the one that coordinates.

use crate::checkpoint::manifest::SinkNote;
use crate::checkpoint::{LoopId, Participant, SourceCut};
use crate::element::{Barrier, Watermark};
use crate::state::segment::SegmentRef;

/// What a process with some of the loops of a run tells the coordinator. Reports of one loop have to arrive in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareReport {
    /// A loop has acknowledged an epoch, and all that it adds is stored.
    Staged(StagedPart),
    /// A loop that begins with a source has nothing more to read.
    InputEnded {
        /// The loop.
        loop_id: LoopId,
    },
}

/// What one loop adds to an epoch. Everything that it names is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPart {
    /// The barrier that the loop has acknowledged.
    pub barrier: Barrier,
    /// The loop.
    pub loop_id: LoopId,
    /// All of the loop's state: a base, then deltas.
    pub segments: Vec<SegmentRef>,
    /// How far its sources have come.
    pub cuts: Vec<(Participant, SourceCut)>,
    /// How far event time has come at its operators.
    pub watermarks: Vec<(Participant, Watermark)>,
    /// What its sinks need to commit this epoch, and those before it that were given up.
    pub notes: Vec<SinkNote>,
    /// Bytes that were added to the store.
    pub new_bytes: u64,
}
