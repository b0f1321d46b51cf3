//! A node as it is configured.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eventflux_distributed::cluster_node::ClusterConfig;
use eventflux_distributed::coordinator::OverseerConfig;
use eventflux_distributed::node::{CheckpointOptions, DataPlane, NodeConfig, Programs};
use eventflux_distributed::transport::grpc::Grpc;
use eventflux_distributed::transport::tcp::Tcp;
use eventflux_distributed::transport::{ConnectionConfig, TlsIdentity, Transport};

use super::address::{Address, BIND_HELP};
use super::{identity, stores};
use crate::config::Mistake;
use crate::config::model::{self, Distributed, StateStore, TransportKind};

/// Where a node keeps its data unless it is told, in a folder of its name.
const DATA: &str = "eventflux-data";

/// A node as it is configured: everything that is known before anything is opened.
#[derive(Debug)]
pub struct NodeSettings {
    /// How it takes part in the cluster.
    pub cluster: ClusterConfig,
    /// How rows travel between nodes.
    pub data: DataPlane,
    /// How checkpoints are taken of what is submitted here.
    pub checkpoints: CheckpointOptions,
    /// When what is submitted here forgets state, if it does not say so itself.
    pub state_ttl: Option<Duration>,
    /// What a user should know of it.
    pub warnings: Vec<String>,
}

/// Why a configuration makes no node.
#[derive(Debug)]
pub enum Unusable {
    /// A key is wrong, or what it leads to.
    Mistake(Mistake),
    /// A key is missing, of which nothing is there to point at.
    Missing(&'static str, &'static str),
    /// The machine is not what the configuration takes it for.
    World(String, &'static str),
}

impl From<Mistake> for Unusable {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}

impl NodeSettings {
    /// With a compiler and connectors.
    pub fn with(self, programs: Arc<dyn Programs>) -> NodeConfig {
        NodeConfig {
            cluster: self.cluster,
            data: self.data,
            programs,
            checkpoints: self.checkpoints,
        }
    }

    /// Reads the certificate, if there is one, and looks names up; opens nothing.
    pub fn new(distributed: &Distributed) -> Result<Self, Unusable> {
        let backend = &distributed.state_backend;
        if backend.implementation.is_none() {
            return Err(Unusable::Missing(
                "a node needs a place for the state of pipelines: `state_backend`",
                "one that all nodes reach: `redis: …`, `s3://…`, or a directory that all of them have mounted",
            ));
        }
        let identity = identity::identity(distributed)?;
        let world = |message| Unusable::World(message, BIND_HELP);
        let control = Address::of_control(distributed).map_err(world)?;
        let data = Address::of_data(distributed).map_err(world)?;
        let name = distributed.node_name();
        let directory = distributed.node.data_dir.as_ref();
        let directory = directory.map_or_else(|| PathBuf::from(DATA).join(&name), PathBuf::from);
        let capabilities = &distributed.node.capabilities;
        let (cluster, times) = (&distributed.cluster, &distributed.coordination);
        let cluster = ClusterConfig {
            advertised: Some(control.endpoint.to_string()),
            seeds: cluster.seed_nodes.0.iter().map(ToString::to_string).collect(),
            can_coordinate: capabilities.can_coordinate.0,
            can_process: capabilities.can_process.0,
            can_store_state: capabilities.can_store_state.0,
            nodes_min: cluster.min_nodes.get(),
            election_timeout: times.election_timeout.0,
            heartbeat_interval: cluster.heartbeat_interval.0,
            overseer: OverseerConfig::with_failure_timeout(cluster.failure_timeout.0),
            manifests_retained: usize::try_from(backend.retained_checkpoints.get()).unwrap_or(usize::MAX),
            tls: identity.as_ref().map(TlsIdentity::control),
            ..ClusterConfig::new(
                &cluster.cluster_name,
                name,
                control.listen,
                directory,
                stores::open_store(backend),
            )
        };
        Ok(Self {
            cluster,
            data: data_plane(&distributed.transport, &data, identity.as_ref()),
            checkpoints: CheckpointOptions {
                interval: backend.checkpoint_interval.0,
                compression: backend.compression.0,
                ..CheckpointOptions::default()
            },
            state_ttl: backend.state_ttl.map(|ttl| ttl.0),
            warnings: warnings(distributed, control.listen),
        })
    }
}

fn data_plane(transport: &model::Transport, address: &Address, identity: Option<&TlsIdentity>) -> DataPlane {
    let patience = transport.request_timeout.0;
    DataPlane {
        transport: wire(transport.implementation, identity),
        listen: address.listen.to_string(),
        advertised: Some(address.endpoint.to_string()),
        connection: ConnectionConfig {
            compression: transport.compression.0,
            ..ConnectionConfig::with_patience(patience)
        },
        connections_per_node: usize::try_from(transport.pool_size.get()).unwrap_or(1),
        connect_timeout: patience,
    }
}

fn wire(kind: TransportKind, identity: Option<&TlsIdentity>) -> Arc<dyn Transport> {
    match kind {
        TransportKind::Tcp => Arc::new(Tcp::new(identity)),
        TransportKind::Grpc => Arc::new(Grpc::new(identity)),
    }
}

/// What works, and is probably not meant.
fn warnings(distributed: &Distributed, listen: SocketAddr) -> Vec<String> {
    let mut warnings = Vec::new();
    let own = distributed.control_endpoint();
    let elsewhere: Vec<_> = distributed
        .seeds_elsewhere()
        .filter(|seed| seed.host != own.host)
        .collect();
    let backend = &distributed.state_backend;
    let is_relative = |path: &&String| std::path::Path::new(path).is_relative();
    if backend.implementation == Some(StateStore::Directory)
        && !elsewhere.is_empty()
        && let Some(path) = backend.path.as_ref().filter(is_relative)
    {
        warnings.push(format!(
            "the state directory `{path}` is a folder of the one in which the node was started: all nodes have to see the same files there"
        ));
    }
    if listen.ip().is_loopback() && !elsewhere.is_empty() {
        warnings.push(format!(
            "the control plane listens at {listen}, which the nodes on other machines cannot reach"
        ));
    }
    warnings
}

impl fmt::Display for NodeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [control, data] = [&self.cluster.advertised, &self.data.advertised]
            .map(|address| address.as_deref().unwrap_or_default());
        write!(
            f,
            "node `{}` of the cluster `{}`: control plane at {control}, data plane at {data} ({})",
            self.cluster.name,
            self.cluster.cluster,
            self.data.transport.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use eventflux::persistence::Compression;

    use super::*;
    use crate::config::{Process, Purpose, read};

    fn settings(text: &str) -> Result<NodeSettings, Unusable> {
        let effective = read("node.yaml", text, Purpose::Node, &Process).unwrap();
        NodeSettings::new(&effective.config.eventflux.distributed)
    }

    #[test]
    fn every_key_arrives_where_it_works() {
        let settings = settings(
            "
eventflux:
  distributed:
    node:
      node_id: a
      endpoints: ['127.0.0.1:7001', '127.0.0.1:9001']
      data_dir: /var/lib/eventflux
      capabilities: {can_process: false, can_store_state: false}
    cluster:
      cluster_name: c
      seed_nodes: ['127.0.0.1:7001', '127.0.0.1:7002']
      min_nodes: 2
      heartbeat_interval: 1s
      failure_timeout: 7s
    transport: {implementation: grpc, pool_size: 3, request_timeout: 4s, compression: zstd}
    state_backend: {path: /srv/state, retained_checkpoints: 5, checkpoint_interval: 7s, compression: snappy}
    coordination: {election_timeout: 2s}
",
        )
        .unwrap();
        let cluster = &settings.cluster;
        assert_eq!((cluster.cluster.as_str(), cluster.name.as_str()), ("c", "a"));
        assert_eq!(cluster.listen, "127.0.0.1:7001".parse().unwrap());
        assert_eq!(cluster.advertised.as_deref(), Some("127.0.0.1:7001"));
        assert_eq!(cluster.seeds, ["127.0.0.1:7001", "127.0.0.1:7002"]);
        assert_eq!(cluster.data_directory, PathBuf::from("/var/lib/eventflux"));
        assert_eq!(
            [
                cluster.can_coordinate,
                cluster.can_process,
                cluster.can_store_state
            ],
            [true, false, false]
        );
        assert_eq!(cluster.nodes_min, 2);
        assert_eq!(cluster.election_timeout, Duration::from_secs(2));
        assert_eq!(cluster.heartbeat_interval, Duration::from_secs(1));
        assert_eq!(cluster.overseer.failure_timeout_us, 7_000_000);
        assert_eq!(cluster.manifests_retained, 5);
        assert!(cluster.tls.is_none());
        let data = &settings.data;
        assert_eq!(data.transport.name(), "grpc");
        assert_eq!(
            (data.listen.as_str(), data.advertised.as_deref()),
            ("127.0.0.1:9001", Some("127.0.0.1:9001"))
        );
        assert_eq!(
            (data.connections_per_node, data.connect_timeout),
            (3, Duration::from_secs(4))
        );
        assert_eq!(settings.checkpoints.interval, Duration::from_secs(7));
        assert_eq!(settings.checkpoints.compression, Compression::Snappy);
        let connection = &data.connection;
        assert_eq!(connection.compression, Compression::Zstd);
        assert_eq!(connection.silence_max, Duration::from_secs(4));
        assert_eq!(connection.handshake_timeout, Duration::from_secs(4));
        assert_eq!(connection.heartbeat_interval, Duration::from_millis(800));
        assert!(settings.warnings.is_empty());
    }

    #[test]
    fn a_node_that_is_told_little_has_a_place_and_a_name() {
        let settings = settings("eventflux: {distributed: {node_id: n-1, state_backend: memory}}\n").unwrap();
        assert_eq!(
            settings.cluster.data_directory,
            PathBuf::from("eventflux-data/n-1")
        );
        assert_eq!(
            settings.to_string(),
            "node `n-1` of the cluster `eventflux`: control plane at 127.0.0.1:8080, data plane at 127.0.0.1:8081 (tcp)"
        );
    }

    #[test]
    fn a_node_without_a_place_for_state_is_refused() {
        let refused = settings("eventflux: {distributed: {node_id: n-1}}\n").unwrap_err();
        assert!(matches!(refused, Unusable::Missing(..)), "{refused:?}");
    }

    #[test]
    fn what_other_machines_cannot_see_is_spoken_of() {
        let text = "eventflux: {distributed: {node_id: a, cluster: {seed_nodes: 'a:8080, b:8080'}, \
                    node: {endpoints: 'localhost:8080'}, state_backend: {path: ./state}}}\n";
        let text = text
            .replace("node_id: a, ", "")
            .replace("node: {", "node: {node_id: a, ");
        let warnings = settings(&text).unwrap().warnings;
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[0].contains("all nodes have to see the same files"),
            "{warnings:?}"
        );
        assert!(warnings[1].contains("cannot reach"), "{warnings:?}");
        let here = text
            .replace("b:8080", "localhost:9080")
            .replace("'a:8080, ", "'localhost:8080, ");
        assert!(settings(&here).unwrap().warnings.is_empty());
    }
}
