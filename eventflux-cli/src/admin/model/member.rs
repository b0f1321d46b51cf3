//! Nodes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a node takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It does.
    Up,
    /// It is not reached.
    Down,
    /// It runs what it has until others have taken over.
    Leaving,
}

impl Standing {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Up => "up",
            Standing::Down => "down",
            Standing::Leaving => "leaving",
        }
    }
}

/// A node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Its id: 16 hexadecimal digits, the same for as long as its data directory.
    pub node: String,
    /// What people call it.
    pub name: String,
    /// Whether it takes part.
    pub standing: Standing,
    /// Whether it leads.
    pub is_leader: bool,
    /// Whether it votes.
    pub is_voter: bool,
    /// It may vote.
    pub can_coordinate: bool,
    /// It may run subtasks.
    pub can_process: bool,
    /// It may keep copies of state.
    pub can_store_state: bool,
    /// Where its control plane listens.
    pub control_address: String,
    /// Where its data plane listens.
    pub data_address: String,
    /// Its share of the load, relative to other nodes.
    pub weight: u32,
    /// Granted at each of its starts.
    pub incarnation: u64,
    /// The pipelines that it runs a part of.
    pub pipelines: Vec<String>,
}

/// The nodes of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberList {
    /// Whether the leader has said so. Otherwise this is what one node knew last.
    pub is_current: bool,
    /// By name.
    pub nodes: Vec<Member>,
}
