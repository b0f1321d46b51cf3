//! What workers tell the leader.

use std::collections::BTreeSet;

use eventflux_core::checkpoint::manifest::{SinkNote, SourceProgress, TimeProgress};
use eventflux_core::state::segment::SegmentRef;
use serde::{Deserialize, Serialize};

use super::pipeline::PipelineId;

/// A worker's report.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Report {
    /// What it says. `None` once decoded: a newer version's, ignored.
    #[prost(oneof = "NodeReport", tags = "1,2")]
    pub report: Option<NodeReport>,
}

/// What a worker says.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum NodeReport {
    /// It lives, and this is everything that it runs. Sent as the first report on every connection, and then as heartbeat.
    #[prost(message, tag = "1")]
    Status(NodeStatus),
    /// Of one pipeline.
    #[prost(message, tag = "2")]
    Pipeline(PipelineReport),
}

/// Everything that a node runs.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct NodeStatus {
    /// The pipelines that it has a part of.
    #[prost(message, repeated, tag = "1")]
    pub pipelines: Vec<PipelineStatus>,
}

/// How far a node is with its part of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum RunPhase {
    /// It restores.
    Preparing = 0,
    /// It waits for all others.
    Prepared = 1,
    /// It runs.
    Running = 2,
}

/// A node's part of a pipeline.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PipelineStatus {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// How far it is.
    #[prost(enumeration = "RunPhase", tag = "3")]
    pub phase: i32,
    /// How many loops it has: each acknowledges each epoch.
    #[prost(uint32, tag = "4")]
    pub loop_count: u32,
    /// Those of its loops that read and have not come to an end.
    #[prost(uint32, repeated, tag = "5")]
    pub reading: Vec<u32>,
    /// The sinks, by operator, of which it has subtasks that commit.
    #[prost(string, repeated, tag = "6")]
    pub sinks: Vec<String>,
    /// The newest epoch that it knows to be committed.
    #[prost(uint64, tag = "7")]
    pub committed: u64,
    /// All notes of its sinks up to this epoch are visible.
    #[prost(uint64, tag = "8")]
    pub delivered: u64,
}

/// A report of one pipeline.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PipelineReport {
    /// The pipeline.
    #[prost(uint64, tag = "1")]
    pub pipeline: PipelineId,
    /// The generation that it is about.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// What happened.
    #[prost(oneof = "PipelineEvent", tags = "3,4,5")]
    pub event: Option<PipelineEvent>,
}

/// What happened to a node's part of a pipeline.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum PipelineEvent {
    /// The node is further than it was: prepared, running, an input has ended, notes are visible.
    #[prost(message, tag = "3")]
    Status(PipelineStatus),
    /// A loop is past a barrier, and everything that belongs to it is stored.
    #[prost(message, tag = "4")]
    Acknowledged(LoopPart),
    /// It cannot go on.
    #[prost(message, tag = "5")]
    Failed(Failure),
}

/// Why a node cannot go on with its part.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Failure {
    /// For people.
    #[prost(string, tag = "1")]
    pub message: String,
    /// Trying again would not help.
    #[prost(bool, tag = "2")]
    pub is_final: bool,
}

/// What one loop has stored for an epoch.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LoopPart {
    /// The epoch.
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    /// Which of the node's loops it is, from 0.
    #[prost(uint32, tag = "2")]
    pub loop_id: u32,
    /// Segments and notes are those since this epoch, the newest that the node knows to be committed in this generation;
    /// 0: there was none.
    #[prost(uint64, tag = "3")]
    pub since: u64,
    /// A [`PartContent`] in the encoding of manifests.
    #[prost(bytes = "vec", tag = "4")]
    pub content: Vec<u8>,
}

/// The part of a manifest that comes from one loop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartContent {
    /// The ids of the loop's operators.
    pub operators: BTreeSet<String>,
    /// Segments since the last committed epoch, oldest first. A base, of which there may be several pieces, takes the place of all
    /// that the loop had before.
    pub segments: Vec<SegmentRef>,
    /// Notes since the last committed epoch, oldest first.
    pub notes: Vec<SinkNote>,
    /// How far its sources have come.
    pub sources: Vec<SourceProgress>,
    /// How far its operators' event time has come; the smallest of all where it has not begun.
    pub times: Vec<TimeProgress>,
}

impl LoopPart {
    /// A part.
    pub fn new(epoch: u64, loop_id: u32, since: u64, content: &PartContent) -> Self {
        // Strings and numbers can always be written.
        let content = serde_json::to_vec(content).unwrap_or_default();
        Self {
            epoch,
            loop_id,
            since,
            content,
        }
    }

    /// What it contains.
    pub fn decode_content(&self) -> Result<PartContent, String> {
        serde_json::from_slice(&self.content).map_err(|error| error.to_string())
    }
}

impl Report {
    /// Of one pipeline.
    pub fn of(pipeline: PipelineId, generation: u64, event: PipelineEvent) -> Self {
        Self {
            report: Some(NodeReport::Pipeline(PipelineReport {
                pipeline,
                generation,
                event: Some(event),
            })),
        }
    }

    /// Everything that a node runs.
    pub fn status(pipelines: Vec<PipelineStatus>) -> Self {
        Self {
            report: Some(NodeReport::Status(NodeStatus { pipelines })),
        }
    }
}
