//! What is stored of a key.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What a checkpoint has of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredState {
    /// The pipeline.
    pub name: String,
    /// The checkpoint: the newest one that is published. What has happened since is not in it.
    pub checkpoint: u64,
    /// The generation that took it.
    pub generation: u64,
    /// The operators that keep state by key.
    pub operators: Vec<StoredOperator>,
}

/// What one operator has of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredOperator {
    /// Its stable id.
    pub operator: String,
    /// What people call it.
    pub name: String,
    /// The columns that make up its key.
    pub key: Vec<String>,
    /// The bucket that the key falls into.
    pub key_group: Option<u32>,
    /// The node that owns that bucket now, if the pipeline runs.
    pub owner: Option<String>,
    /// What is stored, by time; empty if there is nothing of the key.
    pub entries: Vec<StoredValue>,
    /// Why it cannot be shown.
    pub problem: Option<String>,
}

/// One stored value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredValue {
    /// Of a window: its first moment; a window that hops or slides is stored in slices. Of a session: its first row's.
    pub start: Option<String>,
    /// Of a window: the first moment after it. Of a session: its last row's.
    pub end: Option<String>,
    /// How many rows it is of.
    pub rows: i64,
    /// What the aggregates come to so far, by their names.
    #[schema(value_type = Object)]
    pub values: Value,
    /// Results that do not fit their types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}
