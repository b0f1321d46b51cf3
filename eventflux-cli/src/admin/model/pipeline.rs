//! Pipelines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PipelineState {
    /// It is to run, and nobody runs it yet.
    Waiting,
    /// Nodes run it.
    Running,
    /// It takes its last checkpoint.
    Stopping,
    /// Somebody has stopped it.
    Stopped,
    /// All its inputs have ended.
    Finished,
    /// It cannot go on.
    Failed,
    /// It is being forgotten.
    Removing,
}

impl PipelineState {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            PipelineState::Waiting => "waiting",
            PipelineState::Running => "running",
            PipelineState::Stopping => "stopping",
            PipelineState::Stopped => "stopped",
            PipelineState::Finished => "finished",
            PipelineState::Failed => "failed",
            PipelineState::Removing => "removing",
        }
    }
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pipeline {
    /// Given when it was submitted, never again.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub state: PipelineState,
    /// Why it is there, where that is not plain.
    pub reason: Option<String>,
    /// Subtasks per operator, over all nodes.
    pub parallelism: u32,
    /// In how many groups keys are hashed.
    pub key_groups: u32,
    /// Grows whenever other nodes take over, or somebody starts it.
    pub generation: u64,
    /// The newest committed checkpoint; 0: none.
    pub checkpoint: u64,
    /// The checkpoint that is being taken.
    pub in_flight: Option<u64>,
    /// The checkpoint that this generation goes on from; 0: none.
    pub restored: u64,
    /// By sink, the checkpoint up to which all rows are known to be visible.
    pub delivered: BTreeMap<String, u64>,
    /// From the beginning of one checkpoint to that of the next; 0: only at the end.
    pub checkpoint_interval_ms: i64,
    /// Under which name its state lives in the state store of the nodes.
    pub state_store: String,
    /// The nodes that run it.
    pub nodes: Vec<String>,
}

/// All pipelines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PipelineList {
    /// Whether the leader has said so. Otherwise this is what one node knew last.
    pub is_current: bool,
    /// By name.
    pub pipelines: Vec<Pipeline>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PipelineText {
    /// The pipeline.
    pub name: String,
    /// As it was submitted.
    pub sql: String,
}

/// A program that is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// What to call it: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The program.
    pub sql: String,
    /// Subtasks per operator, over all nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// As `SET key = value` in the program would; they win over it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// A program that will be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Submitted {
    /// The pipeline's id.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// What a stop has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stopped {
    /// The pipeline's name.
    pub name: String,
    /// Where it is now.
    pub state: PipelineState,
    /// The newest committed checkpoint; 0: none.
    pub checkpoint: u64,
    /// Whether that checkpoint was taken for this stop: then it holds everything that was read, and all of its rows are visible.
    pub is_taken_for_stop: bool,
    /// All of this in a sentence.
    pub message: String,
}

/// What a removal has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// The pipeline's name.
    pub name: String,
    /// Whether it is forgotten already. Otherwise nodes are still letting go of it.
    pub is_gone: bool,
    /// Under which name its checkpoints stay in the state store of the nodes: a pipeline that is submitted under its name goes on from them.
    pub state_store: String,
}
