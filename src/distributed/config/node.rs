//! What a process is in its cluster.

use std::path::PathBuf;

/// What this process is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// Its name, unique in the cluster; empty: the pipeline's.
    pub node_id: String,
    /// Where its control plane listens, `address:port`; port 0: any, and the same one when it goes on with its `data_dir`.
    pub listen: String,
    /// Where its data plane listens, `address:port`; port 0: any.
    pub data_listen: String,
    /// Where others reach its control plane, `host:port`; `None`: where it listens.
    pub endpoint: Option<String>,
    /// Where others reach its data plane, `host:port`; `None`: where it listens.
    pub data_endpoint: Option<String>,
    /// Where it keeps who it is and the coordinator's log; `None`: `eventflux-data/NAME`. A process that goes on with it is the same node.
    pub data_dir: Option<PathBuf>,
    /// It votes on what the cluster does; `None`: if there are no seed nodes, or its own endpoint is one of them.
    pub can_coordinate: Option<bool>,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            node_id: String::new(),
            listen: "127.0.0.1:0".into(),
            data_listen: "127.0.0.1:0".into(),
            endpoint: None,
            data_endpoint: None,
            data_dir: None,
            can_coordinate: None,
        }
    }
}
