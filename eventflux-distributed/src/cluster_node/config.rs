//! How a node takes part in a cluster.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::state::store::CheckpointStore;
use eventflux_core::time::micros;

use crate::consensus::{ControlTls, LogSync, PROTOCOL, Sockets, TcpSockets};
use crate::coordinator::{OverseerConfig, PipelineSpec};
use crate::error::Result;

/// Opens the state of a pipeline: in the same way on all nodes.
pub type OpenStore =
    Arc<dyn Fn(&PipelineSpec) -> eventflux_core::Result<Arc<dyn CheckpointStore>> + Send + Sync>;

/// A node of a cluster.
#[derive(Clone)]
pub struct ClusterConfig {
    /// What people call the cluster; nodes of another name are refused.
    pub cluster: String,
    /// What people call the node; unique in the cluster.
    pub name: String,
    /// Where the control plane listens. Port 0: any.
    pub listen: SocketAddr,
    /// Where others reach it, `host:port`; `None`: where it listens.
    pub advertised: Option<String>,
    /// Where others reach its data plane.
    pub data_address: String,
    /// Control planes of other nodes, to find the cluster by.
    pub seeds: Vec<String>,
    /// Identity, log and snapshot.
    pub data_directory: PathBuf,
    /// It may vote.
    pub can_coordinate: bool,
    /// It may run subtasks.
    pub can_process: bool,
    /// It may keep standbys.
    pub can_store_state: bool,
    /// Its share of the load, relative to other nodes.
    pub weight: u32,
    /// Nothing is run while fewer nodes are up.
    pub nodes_min: u32,
    /// A leader that is silent for so long is none any more, and another one is elected within as much again.
    pub election_timeout: Duration,
    /// How often it says that it lives.
    pub heartbeat_interval: Duration,
    /// What the leader decides by.
    pub overseer: OverseerConfig,
    /// How many manifests of each pipeline are kept.
    pub manifests_retained: usize,
    /// TLS of the control plane.
    pub tls: Option<ControlTls>,
    /// Opens pipelines' state.
    pub open_store: OpenStore,
    /// What the control plane's connections are made of.
    pub sockets: Arc<dyn Sockets>,
    /// When its log is synced.
    pub log_sync: LogSync,
    /// The version of what it says to other nodes, which refuse another one than theirs: [`PROTOCOL`].
    pub protocol: u32,
    /// The state is stored as a snapshot after so many entries of the log, and older entries are let go.
    pub snapshot_every: u64,
}

impl fmt::Debug for ClusterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterConfig")
            .field("cluster", &self.cluster)
            .field("name", &self.name)
            .field("listen", &self.listen)
            .field("seeds", &self.seeds)
            .finish_non_exhaustive()
    }
}

impl ClusterConfig {
    /// A node with all abilities and usual times.
    pub fn new(
        cluster: impl Into<String>,
        name: impl Into<String>,
        listen: SocketAddr,
        data_directory: PathBuf,
        open_store: OpenStore,
    ) -> Self {
        Self {
            cluster: cluster.into(),
            name: name.into(),
            listen,
            advertised: None,
            data_address: String::new(),
            seeds: Vec::new(),
            data_directory,
            can_coordinate: true,
            can_process: true,
            can_store_state: true,
            weight: 1,
            nodes_min: 1,
            election_timeout: Duration::from_millis(500),
            heartbeat_interval: Duration::from_millis(300),
            overseer: OverseerConfig::default(),
            manifests_retained: 3,
            tls: None,
            open_store,
            sockets: Arc::new(TcpSockets),
            log_sync: LogSync::default(),
            protocol: PROTOCOL,
            snapshot_every: 2_000,
        }
    }

    /// Refuses what cannot work.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(crate::Error::Configuration(message));
        if self.cluster.is_empty() || self.name.is_empty() {
            return refuse("a node needs a name, and its cluster another".to_owned());
        }
        if micros(self.heartbeat_interval).saturating_mul(2) > self.overseer.failure_timeout_us {
            return refuse(format!(
                "heartbeats every {:?} are too few for a failure timeout of {} ms: it takes two",
                self.heartbeat_interval,
                self.overseer.failure_timeout_us / 1_000
            ));
        }
        if !self.can_coordinate && self.seeds.is_empty() {
            return refuse("a node that does not coordinate needs seed nodes".to_owned());
        }
        Ok(())
    }
}
