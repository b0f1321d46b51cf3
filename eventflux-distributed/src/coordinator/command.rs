//! What goes through Raft.
//!
//! The encoding is stored: in logs and, as part of the memory of what was answered, in snapshots. Numbers of fields are never
//! used again; a field that is added is read as empty from older entries.

use super::assignment::Assignment;
use super::node::{NodeId, NodeSpec};
use super::pipeline::{ManifestRef, PipelineId, PipelineSpec, SourceSplits};

/// Who asked, and which of its questions it is. A command that comes twice is carried out once and answered alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Message)]
pub struct CommandId {
    /// Random per process.
    #[prost(fixed64, tag = "1")]
    pub client: u64,
    /// Counted by the client.
    #[prost(uint64, tag = "2")]
    pub number: u64,
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Command {
    /// Its id.
    #[prost(message, required, tag = "1")]
    pub id: CommandId,
    /// What is to change. `None` once decoded: written by a newer version, which this one must not skip.
    #[prost(oneof = "Change", tags = "2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18")]
    pub change: Option<Change>,
}

/// A change of the cluster's state.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum Change {
    /// Names the cluster, and says how many nodes it needs.
    #[prost(message, tag = "2")]
    Configure(Configure),
    /// A node registers, and is granted an incarnation.
    #[prost(message, tag = "3")]
    Register(NodeSpec),
    /// A node is not reached any more.
    #[prost(message, tag = "4")]
    NodeLost(NodeIncarnation),
    /// A node is to hand over what it runs.
    #[prost(message, tag = "5")]
    Leave(NodeRef),
    /// A node is forgotten, and its id is never used again: it has handed over, or somebody says that it is gone for good.
    #[prost(message, tag = "6")]
    Remove(NodeRef),
    /// A new pipeline.
    #[prost(message, tag = "7")]
    Submit(PipelineSpec),
    /// Somebody wants something of a pipeline.
    #[prost(message, tag = "8")]
    SetDesired(SetDesired),
    /// A pipeline that was to be removed is at rest.
    #[prost(message, tag = "9")]
    Forget(PipelineRef),
    /// The outside has other splits now.
    #[prost(message, tag = "10")]
    SetSources(SetSources),
    /// A pipeline is run by these nodes from now on.
    #[prost(message, tag = "11")]
    BeginGeneration(BeginGeneration),
    /// A pipeline is not run by anybody.
    #[prost(message, tag = "12")]
    Halt(HaltPipeline),
    /// A new epoch.
    #[prost(message, tag = "13")]
    BeginEpoch(BeginEpoch),
    /// The epoch in flight is given up.
    #[prost(message, tag = "14")]
    AbortEpoch(AbortEpoch),
    /// The epoch in flight is committed: this entry is the commit.
    #[prost(message, tag = "15")]
    CommitEpoch(CommitEpoch),
    /// Notes of a sink are visible.
    #[prost(message, tag = "16")]
    Delivered(DeliveredNotes),
    /// A pipeline cannot go on, and trying again would not help.
    #[prost(message, tag = "17")]
    Fail(FailPipeline),
    /// The history of a failed pipeline is left behind: it may run again.
    #[prost(message, tag = "18")]
    Restart(PipelineRef),
}

/// See [`Change::Configure`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Configure {
    /// What people call the cluster.
    #[prost(string, tag = "1")]
    pub cluster: String,
    /// Nothing is run while fewer nodes are up.
    #[prost(uint32, tag = "2")]
    pub nodes_min: u32,
}

/// One life of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Message)]
pub struct NodeIncarnation {
    /// The node.
    #[prost(fixed64, tag = "1")]
    pub node: NodeId,
    /// Which of its lives.
    #[prost(uint64, tag = "2")]
    pub incarnation: u64,
}

/// A node.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct NodeRef {
    /// The node.
    #[prost(fixed64, tag = "1")]
    pub node: NodeId,
}

/// A pipeline.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct PipelineRef {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
}

/// See [`Change::SetDesired`].
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct SetDesired {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// What is wanted.
    #[prost(enumeration = "super::pipeline::Desired", tag = "2")]
    pub desired: i32,
}

/// See [`Change::SetSources`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SetSources {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// All its sources.
    #[prost(message, repeated, tag = "2")]
    pub sources: Vec<SourceSplits>,
}

/// See [`Change::BeginGeneration`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BeginGeneration {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that it was decided after: it counts only if there was none since.
    #[prost(uint64, tag = "2")]
    pub after: u64,
    /// Who runs what.
    #[prost(message, required, tag = "3")]
    pub assignment: Assignment,
}

/// See [`Change::Halt`].
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct HaltPipeline {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that ends.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
}

/// See [`Change::BeginEpoch`].
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct BeginEpoch {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that takes it.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
}

/// See [`Change::AbortEpoch`].
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AbortEpoch {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that took it.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// The epoch.
    #[prost(uint64, tag = "3")]
    pub epoch: u64,
}

/// See [`Change::CommitEpoch`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CommitEpoch {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that took it.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// The epoch.
    #[prost(uint64, tag = "3")]
    pub epoch: u64,
    /// What it consists of, stored already.
    #[prost(message, required, tag = "4")]
    pub manifest: ManifestRef,
    /// All inputs had ended before it began.
    #[prost(bool, tag = "5")]
    pub is_last: bool,
}

/// See [`Change::Delivered`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DeliveredNotes {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that delivered.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// The sink.
    #[prost(string, tag = "3")]
    pub operator_id: String,
    /// All notes of all its subtasks up to this epoch are visible.
    #[prost(uint64, tag = "4")]
    pub epoch: u64,
}

/// See [`Change::Fail`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FailPipeline {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that failed.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// Why, for people.
    #[prost(string, tag = "3")]
    pub message: String,
}
