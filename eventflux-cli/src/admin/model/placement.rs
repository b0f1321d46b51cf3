//! Who runs what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who runs what of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Placement {
    /// The pipeline.
    pub name: String,
    /// The generation that this is true of.
    pub generation: u64,
    /// Subtasks per operator, over all nodes.
    pub parallelism: u32,
    /// Empty while nobody runs it.
    pub nodes: Vec<NodePlacement>,
}

/// What one node runs of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodePlacement {
    /// The node's id.
    pub node: String,
    /// What people call it.
    pub name: String,
    /// Which of its lives.
    pub incarnation: u64,
    /// Of each parallel operator, these subtasks.
    pub subtasks: Vec<u32>,
    /// How many key groups it owns.
    pub key_groups: usize,
    /// What it reads.
    pub splits: Vec<SourceSplit>,
}

/// A part of a source: a Kafka partition, a file, a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceSplit {
    /// The source.
    pub source: String,
    /// Its own name of the part.
    pub split: String,
}
