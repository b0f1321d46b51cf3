//! A node that stops says so, and is not waited for.

use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use tokio::time::timeout;

use super::client::ClusterClient;
use crate::consensus::ConsensusRaft;
use crate::coordinator::{Change, NodeId, NodeIncarnation};
use crate::error::Result;

/// The leadership is handed over within this time, or an election decides.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(3);

/// Hands the leadership over, if this node has it: without an election nobody decides for a while.
pub(super) async fn hand_over(raft: &ConsensusRaft) {
    let mut metrics = raft.metrics();
    let heir = {
        let metrics = metrics.borrow_watched();
        let voters: Vec<NodeId> = metrics.membership_config.voter_ids().collect();
        let known = metrics.replication.iter().flatten();
        // Who has the most need not catch up first.
        known
            .filter(|(node, _)| **node != metrics.id && voters.contains(node))
            .max_by_key(|(_, matched)| matched.as_ref().map(|log_id| log_id.index))
            .map(|(node, _)| *node)
    };
    let Some(heir) = heir else {
        return;
    };
    if let Err(error) = raft.trigger().transfer_leader(heir).await {
        tracing::debug!("the leadership was not handed over: {error}");
        return;
    }
    let handed_over = async {
        while metrics.borrow_watched().state.is_leader() {
            if metrics.changed().await.is_err() {
                return;
            }
        }
    };
    if timeout(HAND_OVER_WITHIN, handed_over).await.is_err() {
        tracing::debug!("the leadership was not taken over in time");
    }
}

/// Tells the cluster that this life of a node is over.
pub(super) async fn tell(
    client: &ClusterClient,
    node: NodeId,
    incarnation: u64,
    patience: Duration,
) -> Result<()> {
    let lost = Change::NodeLost(NodeIncarnation { node, incarnation });
    client.propose(lost, patience).await.map(drop)
}
