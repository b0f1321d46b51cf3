//! Key groups and their owners.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The key groups of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartitionList {
    /// The pipeline.
    pub name: String,
    /// The generation that this is true of.
    pub generation: u64,
    /// How many key groups there are.
    pub key_groups: u32,
    /// Empty while nobody runs it.
    pub partitions: Vec<Partition>,
}

/// A key group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Partition {
    /// Its number, from 0.
    pub key_group: u32,
    /// The name of the node that owns it.
    pub node: String,
    /// The subtask that has it.
    pub subtask: u32,
}
