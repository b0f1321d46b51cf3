//! How a node stands with its cluster.

use crate::coordinator::NodeId;

/// How a node stands with its cluster, as it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// It looks for the leader.
    Seeking {
        /// What was in its way last.
        obstacle: Option<String>,
    },
    /// It is registered, and connected to the leader.
    Connected {
        /// Who leads.
        leader: NodeId,
        /// Where the leader's control plane is.
        address: String,
        /// What the cluster has granted this life of the node.
        incarnation: u64,
    },
}

impl Contact {
    /// Why it cannot work; nothing if it can.
    pub fn obstacle(&self) -> Option<&str> {
        match self {
            Self::Seeking { obstacle } => Some(obstacle.as_deref().unwrap_or("it looks for its cluster")),
            Self::Connected { .. } => None,
        }
    }
}
