//! What the leader tells workers.

use super::assignment::Assignment;
use super::pipeline::{Committed, PipelineId, PipelineSpec};

/// Whose order it is, and for which generation. A receiver obeys no older term and no older generation than it knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Message)]
pub struct Fence {
    /// The term of the leader that gave it.
    #[prost(uint64, tag = "1")]
    pub term: u64,
    /// The pipeline.
    #[prost(uint64, tag = "2")]
    pub pipeline: PipelineId,
    /// The generation of the pipeline.
    #[prost(uint64, tag = "3")]
    pub generation: u64,
}

/// An order.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Order {
    /// Whose, and for what.
    #[prost(message, required, tag = "1")]
    pub fence: Fence,
    /// What to do. `None` once decoded: a newer version's, not obeyed.
    #[prost(oneof = "PipelineOrder", tags = "2,3,4,5,6,7,8")]
    pub order: Option<PipelineOrder>,
}

/// What a worker is to do with its part of a pipeline. Each may come more than once.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
#[expect(
    clippy::large_enum_variant,
    reason = "orders are few, and boxed where they are kept"
)]
pub enum PipelineOrder {
    /// Give up what runs of older generations, restore the own part, repeat the commits of the own sinks, connect, and say so.
    #[prost(message, tag = "2")]
    Prepare(Prepare),
    /// All are prepared: begin to read.
    #[prost(message, tag = "3")]
    Run(()),
    /// Sources send the barrier of this epoch.
    #[prost(uint64, tag = "4")]
    Trigger(u64),
    /// This epoch is given up; what belongs to it becomes part of the next one.
    #[prost(uint64, tag = "5")]
    GiveUp(u64),
    /// This epoch is committed and published: sinks make it visible, sources are told.
    #[prost(uint64, tag = "6")]
    Committed(u64),
    /// Everything that was read is committed and visible: loops may end.
    #[prost(message, tag = "7")]
    LetGo(()),
    /// Give up what runs.
    #[prost(message, tag = "8")]
    Stop(()),
}

/// See [`PipelineOrder::Prepare`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Prepare {
    /// What to run.
    #[prost(message, required, tag = "1")]
    pub spec: PipelineSpec,
    /// Who runs what.
    #[prost(message, required, tag = "2")]
    pub assignment: Assignment,
    /// What to go on from; all zero: from the beginning.
    #[prost(message, required, tag = "3")]
    pub restore: Committed,
}
