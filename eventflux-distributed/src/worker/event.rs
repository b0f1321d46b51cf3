//! What a worker is told, and what follows.

use crate::coordinator::{Failure, Order, PartContent, PipelineId, Prepare, Report};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "events are few, and handed on at once")]
pub enum WorkerEvent {
    /// It was granted an incarnation: it runs nothing.
    Registered,
    /// It has a connection to a leader, a new one.
    Connected,
    /// The leader does not count this incarnation any more.
    Dismissed,
    /// An order came.
    Ordered(Order),
    /// Time for a heartbeat.
    HeartbeatDue,
    /// A pipeline's part is restored, the commits of its sinks are repeated, and its edges are connected.
    Prepared {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// How many loops it has.
        loop_count: u32,
        /// Those of the loops that read.
        reading: Vec<u32>,
        /// The operators of which it has sinks that commit.
        sinks: Vec<String>,
    },
    /// A loop is past a barrier; what belongs to the epoch is on its way into the store.
    Frozen {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The epoch.
        epoch: u64,
        /// The loop.
        loop_id: u32,
    },
    /// Everything that a loop froze for an epoch is stored.
    Stored {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The epoch.
        epoch: u64,
        /// The loop.
        loop_id: u32,
        /// What was stored for this epoch.
        content: PartContent,
    },
    /// A loop has nothing more to read.
    InputEnded {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The loop.
        loop_id: u32,
    },
    /// All notes of this node's sinks up to an epoch are visible.
    Delivered {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The epoch.
        epoch: u64,
    },
    /// A pipeline's part cannot go on.
    Failed {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// Why.
        failure: Failure,
    },
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkerCommand {
    /// Tell the leader.
    Report(Report),
    /// Restore and connect the own part of a pipeline, but do not read yet; answered by [`WorkerEvent::Prepared`].
    Prepare {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// What and from where.
        prepare: Box<Prepare>,
    },
    /// Begin to read.
    Run {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
    },
    /// Sources send a barrier.
    SendBarrier {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The epoch.
        epoch: u64,
    },
    /// Barriers of an epoch mean nothing any more; what loops froze for it belongs to the next one.
    GiveUp {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The epoch.
        epoch: u64,
    },
    /// Sinks make everything up to an epoch visible, and sources are told; answered by [`WorkerEvent::Delivered`].
    Deliver {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
        /// The epoch.
        epoch: u64,
    },
    /// Loops may end.
    LetGo {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
    },
    /// Give up everything that runs of a pipeline's generation.
    TearDown {
        /// The pipeline.
        pipeline: PipelineId,
        /// The generation.
        generation: u64,
    },
}
