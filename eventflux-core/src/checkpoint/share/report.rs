//! What a process with some of the loops of a run has to tell.

use crate::checkpoint::LoopId;
use crate::checkpoint::manifest::{SinkNote, SourceProgress, TimeProgress};
use crate::state::segment::SegmentRef;

/// What a process with some of the loops of a run tells whoever coordinates it. Of one loop, parts come in the order of their epochs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareReport {
    /// A loop has acknowledged an epoch, and all that it adds is stored.
    Staged(StagedPart),
    /// A loop that begins with a source has nothing more to read.
    InputEnded {
        /// The loop.
        loop_id: LoopId,
    },
    /// The sinks that commit in this process have made everything up to an epoch visible.
    Delivered {
        /// The epoch.
        epoch: u64,
    },
}

/// What one loop adds to an epoch. Everything that it names is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPart {
    /// The epoch that the loop has acknowledged.
    pub epoch: u64,
    /// The loop.
    pub loop_id: LoopId,
    /// What was stored of its state since the part before: deltas, or a base, of which there may be several pieces, that takes the place
    /// of everything before it. The first part of a run has a base.
    pub segments: Vec<SegmentRef>,
    /// How far its sources have come.
    pub sources: Vec<SourceProgress>,
    /// How far event time has come at its operators; [`WATERMARK_MIN`](crate::element::WATERMARK_MIN) where there is no watermark yet.
    pub times: Vec<TimeProgress>,
    /// What its sinks need to commit what was staged since the part before.
    pub notes: Vec<SinkNote>,
    /// Bytes that were added to the store.
    pub new_bytes: u64,
}
