//! Checkpoints.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The checkpoints of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointList {
    /// The pipeline.
    pub name: String,
    /// Under which name its state lives in the state store of the nodes.
    pub state_store: String,
    /// The newest one that the cluster has committed.
    pub committed: Option<CommittedCheckpoint>,
    /// The one that is being taken.
    pub in_flight: Option<u64>,
    /// Those that can be started from, oldest first.
    pub published: Vec<PublishedCheckpoint>,
    /// Why it is not known which can be started from.
    pub problem: Option<String>,
}

/// What the cluster has agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommittedCheckpoint {
    /// Its number.
    pub checkpoint: u64,
    /// The generation that took it.
    pub generation: u64,
    /// Its place in the row of manifests.
    pub sequence: u64,
    /// The size of its manifest.
    pub manifest_bytes: u64,
}

/// A checkpoint that somebody has asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TakenCheckpoint {
    /// The pipeline's name.
    pub name: String,
    /// The checkpoint's number. It holds everything that was read before it was asked for, and can be started from.
    pub checkpoint: u64,
    /// Under which name it lives in the state store of the nodes.
    pub state_store: String,
}

/// A checkpoint in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedCheckpoint {
    /// Its number.
    pub checkpoint: u64,
    /// The generation that took it.
    pub generation: u64,
    /// When it was written: ISO 8601, UTC.
    pub written: String,
    /// Subtasks per operator of the run.
    pub parallelism: u32,
    /// Bytes of state.
    pub state_bytes: u64,
}
