//! What a node is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::state::segment::Compression;

use super::Programs;
use crate::cluster_node::ClusterConfig;
use crate::transport::{ConnectionConfig, Transport};

/// A node that runs pipelines.
#[derive(Clone)]
pub struct NodeConfig {
    /// Its part in the cluster. The address of its data plane is filled in at the start.
    pub cluster: ClusterConfig,
    /// How rows travel between nodes.
    pub data: DataPlane,
    /// Makes runs of texts.
    pub programs: Arc<dyn Programs>,
    /// How checkpoints of pipelines that are submitted here are taken.
    pub checkpoints: CheckpointOptions,
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("cluster", &self.cluster)
            .field("data", &self.data)
            .field("checkpoints", &self.checkpoints)
            .finish_non_exhaustive()
    }
}

/// How rows travel between nodes.
#[derive(Debug, Clone)]
pub struct DataPlane {
    /// The wire.
    pub transport: Arc<dyn Transport>,
    /// Where it listens: `host:port`, port 0 for any.
    pub listen: String,
    /// Where the others reach it; `None`: where it listens.
    pub advertised: Option<String>,
    /// Heartbeats, credit, compression.
    pub connection: ConnectionConfig,
    /// Connections that a node opens to each other one, per pipeline; at least one.
    pub connections_per_node: usize,
    /// Connecting to all others may take so long.
    pub connect_timeout: Duration,
}

/// How checkpoints are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointOptions {
    /// From the beginning of one checkpoint to that of the next.
    pub interval: Duration,
    /// An epoch whose acknowledgements take longer is given up.
    pub timeout: Duration,
    /// How new segments are compressed.
    pub compression: Compression,
}

impl Default for CheckpointOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(600),
            compression: Compression::default(),
        }
    }
}
