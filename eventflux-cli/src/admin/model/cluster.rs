//! The cluster as a whole.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A node by its name and its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeName {
    /// 16 hexadecimal digits.
    pub node: String,
    /// What people call it.
    pub name: String,
}

/// The cluster as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterStatus {
    /// What people call it.
    pub name: String,
    /// Whether the leader has said so. Otherwise no leader was found, and this is what one node knew last.
    pub is_current: bool,
    /// Who leads.
    pub leader: Option<NodeName>,
    /// Grows with each election.
    pub term: u64,
    /// What somebody has to do something about.
    pub problem: Option<String>,
    /// Nothing is run while fewer nodes are up.
    pub nodes_min: u32,
    /// How many nodes are up,
    pub nodes_up: usize,
    /// are not reached,
    pub nodes_down: usize,
    /// and are leaving.
    pub nodes_leaving: usize,
    /// Those who vote.
    pub voters: Vec<NodeName>,
    /// How many pipelines there are.
    pub pipelines: usize,
    /// Who has answered.
    pub answered_by: NodeName,
    /// The version of the program there.
    pub version: String,
}

/// Whether the cluster works, as one node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Whether there is nothing to do.
    pub is_healthy: bool,
    /// What somebody has to do something about, one line each.
    pub problems: Vec<String>,
}
