//! How a node comes to a cluster: it forms one with its seeds, or finds theirs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openraft::BasicNode;
use tokio::sync::watch;

use super::client::ClusterClient;
use super::config::ClusterConfig;
use super::contact::Contact;
use crate::consensus::{ConsensusRaft, check_voters};
use crate::coordinator::{Change, ClusterState, Configure, NodeId};
use crate::error::{Error, Result};

/// Between two attempts to find a cluster, or to form one.
const FORM_EVERY: Duration = Duration::from_millis(100);

/// Forms a cluster with the seeds, unless there is one.
pub(super) async fn form(
    raft: ConsensusRaft,
    (node, address): (NodeId, String),
    config: ClusterConfig,
    client: ClusterClient,
    told: watch::Sender<Option<String>>,
) {
    loop {
        match raft.is_initialized().await {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => return drop(told.send_replace(Some(error.to_string()))),
        }
        match voters(node, &address, &config, &client).await {
            Ok(None) => drop(told.send_replace(None)),
            Ok(Some(voters)) => {
                told.send_replace(None);
                // The others do the same with the same voters, which Raft allows.
                if let Err(error) = raft.initialize(voters).await {
                    tracing::debug!("the cluster is formed by another node: {error}");
                }
            }
            Err(error) => drop(told.send_replace(Some(error.to_string()))),
        }
        tokio::time::sleep(FORM_EVERY).await;
    }
    told.send_replace(None);
    let configure = Change::Configure(Configure {
        cluster: config.cluster.clone(),
        nodes_min: config.nodes_min,
    });
    if let Err(error) = client.propose(configure, Duration::from_secs(60)).await {
        told.send_replace(Some(error.to_string()));
    }
}

/// The voters of a new cluster: none while seeds do not answer, or if one of them has a cluster, which this node then joins.
async fn voters(
    node: NodeId,
    address: &str,
    config: &ClusterConfig,
    client: &ClusterClient,
) -> Result<Option<BTreeMap<u64, BasicNode>>> {
    let mut voters = BTreeMap::from([(node, BasicNode::new(address))]);
    let seeds = config.seeds.iter().filter(|seed| *seed != address);
    let asked = seeds.map(async |seed| (seed, client.describe(seed).await));
    let mut unreached: Vec<Error> = Vec::new();
    for (seed, described) in futures_util::future::join_all(asked).await {
        let described = match described {
            Ok(described) => described,
            Err(error @ Error::OtherProtocol { .. }) => return Err(error),
            Err(error) => {
                unreached.push(error);
                continue;
            }
        };
        if described.cluster != config.cluster {
            let message = format!(
                "the seed node {seed} belongs to the cluster `{}`, not `{}`",
                described.cluster, config.cluster
            );
            return Err(Error::Configuration(message));
        }
        if described.is_initialized {
            return Ok(None);
        }
        if described.can_coordinate {
            voters.insert(described.node, BasicNode::new(seed));
        }
    }
    if !unreached.is_empty() {
        return Err(Error::Unready(unreached));
    }
    check_voters(&voters.keys().copied().collect())?;
    Ok(Some(voters))
}

/// Nodes that join later can be asked, too.
pub(super) async fn follow_members(mut state: watch::Receiver<Arc<ClusterState>>, client: ClusterClient) {
    while state.changed().await.is_ok() {
        client.add_coordinators(&state.borrow_and_update());
    }
}

/// What keeps a cluster from being formed says more than that a node finds none.
pub(super) async fn tell_problem(
    mut forming: watch::Receiver<Option<String>>,
    mut contact: watch::Receiver<Contact>,
    telling: watch::Sender<Option<String>>,
) {
    loop {
        let own = contact.borrow_and_update().obstacle().map(str::to_owned);
        let of_cluster = forming.borrow_and_update().clone();
        let problem = of_cluster.or(own);
        telling.send_if_modified(|told| {
            let is_new = *told != problem;
            *told = problem;
            is_new
        });
        // A sender that is gone says nothing new; without both, the node is closing.
        tokio::select! {
            Ok(()) = forming.changed() => {}
            Ok(()) = contact.changed() => {}
            else => return,
        }
    }
}
