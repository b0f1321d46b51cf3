//! All of it.

use super::{ClusterConfig, NodeConfig, StateBackendConfig, TransportConfig};

/// Where a text runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RuntimeMode {
    /// In this process alone: no socket, no coordinator, nothing of a cluster.
    #[default]
    SingleNode,
    /// On the nodes of a cluster, one of which this process is.
    Distributed,
}

/// How a program runs a text.
#[derive(Debug, Clone)]
pub struct DistributedConfig {
    /// Where it runs.
    pub mode: RuntimeMode,
    /// What this process is in the cluster.
    pub node: NodeConfig,
    /// The cluster.
    pub cluster: ClusterConfig,
    /// How rows travel between nodes.
    pub transport: TransportConfig,
    /// Where the state is saved.
    pub state_backend: StateBackendConfig,
    /// Bytes of rows behind one input handler before its senders wait: those that wait, and in a cluster those that are not part of a
    /// committed checkpoint yet.
    pub handler_bytes_max: usize,
}

impl Default for DistributedConfig {
    fn default() -> Self {
        Self {
            mode: RuntimeMode::default(),
            node: NodeConfig::default(),
            cluster: ClusterConfig::default(),
            transport: TransportConfig::default(),
            state_backend: StateBackendConfig::default(),
            handler_bytes_max: 64 << 20,
        }
    }
}
