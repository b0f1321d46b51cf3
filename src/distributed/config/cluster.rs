//! Which cluster.

use std::time::Duration;

/// Which cluster, and when its nodes count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    /// Its name; nodes of another name are refused.
    pub cluster_name: String,
    /// Control planes of nodes by which it is found, `host:port`. None: this process is a cluster of its own.
    pub seed_nodes: Vec<String>,
    /// Nothing runs while fewer nodes are up. It counts when the cluster is formed: one that is there already has its own.
    pub min_nodes: u32,
    /// How often a node says that it lives.
    pub heartbeat_interval: Duration,
    /// A node that is silent for so long is replaced.
    pub failure_timeout: Duration,
    /// A leader that is silent for so long is none any more, and another one is elected within as much again.
    pub election_timeout: Duration,
    /// [`DistributedRuntime::start`](crate::distributed::DistributedRuntime::start) waits so long until this process is part of it.
    pub join_timeout: Duration,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            cluster_name: "eventflux".into(),
            seed_nodes: Vec::new(),
            min_nodes: 1,
            heartbeat_interval: Duration::from_millis(300),
            failure_timeout: Duration::from_secs(2),
            election_timeout: Duration::from_millis(500),
            join_timeout: Duration::from_secs(60),
        }
    }
}
