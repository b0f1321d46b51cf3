//! A node as a program configures it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use eventflux_distributed::cluster_node::ClusterConfig;
use eventflux_distributed::coordinator::OverseerConfig;
use eventflux_distributed::node::{CheckpointOptions, DataPlane, NodeConfig, Programs};
use eventflux_distributed::transport::grpc::Grpc;
use eventflux_distributed::transport::tcp::Tcp;
use eventflux_distributed::transport::{ConnectionConfig, TlsIdentity, Transport};

use super::{
    CompressionType, DistributedConfig, DistributedError, StateBackendType, TransportType, state_stores,
};

/// Where a node keeps its data unless it is told, in a folder of its name.
const DATA: &str = "eventflux-data";

/// Everything of a node that is known before anything is opened.
#[derive(Debug, Clone)]
pub(super) struct NodeSettings {
    pub(super) cluster: ClusterConfig,
    data: DataPlane,
    checkpoints: CheckpointOptions,
}

impl NodeSettings {
    /// Reads certificates, if there are some; opens nothing. `name`: the pipeline's.
    ///
    /// **Errors** It cannot work: why, and what to do.
    pub(super) fn new(config: &DistributedConfig, name: &str) -> Result<Self, DistributedError> {
        check(config)?;
        let (node, cluster) = (&config.node, &config.cluster);
        let node_name = match node.node_id.is_empty() {
            true => name.to_owned(),
            false => node.node_id.clone(),
        };
        let listen = address("node.listen", &node.listen)?;
        let data_listen = address("node.data_listen", &node.data_listen)?;
        let is_reachable = |listen: SocketAddr, endpoint: &Option<String>| {
            endpoint.is_some()
                || !listen.ip().is_loopback()
                || cluster.seed_nodes.iter().all(|seed| is_here(seed))
        };
        for (key, listen, endpoint) in [
            ("listen", listen, &node.endpoint),
            ("data_listen", data_listen, &node.data_endpoint),
        ] {
            if endpoint.is_some() && listen.port() == 0 {
                return wrong(format!(
                    "others reach the node at a port, and `node.{key}` has none: give it one"
                ));
            }
            if !is_reachable(listen, endpoint) {
                return wrong(format!(
                    "the nodes on other machines cannot reach {listen}: set `node.{key}` to an address that they can"
                ));
            }
            if listen.ip().is_unspecified() && endpoint.is_none() {
                return wrong(format!(
                    "{listen} is every address of this machine and tells others none: set `node.{}`",
                    if key == "listen" {
                        "endpoint"
                    } else {
                        "data_endpoint"
                    }
                ));
            }
        }
        let identity =
            match &config.transport.tls {
                None => None,
                Some(tls) => {
                    let read = TlsIdentity::from_files(&tls.cert_path, &tls.key_path, &tls.ca_path);
                    Some(read.map_err(|error| {
                        DistributedError::Configuration(format!("`transport.tls`: {error}"))
                    })?)
                }
            };
        if let Some(identity) = &identity
            && !identity.is_made_out_to(&node_name)
        {
            return wrong(format!(
                "the certificate of `transport.tls` is not made out to the node `{node_name}`: it has to be among its DNS names"
            ));
        }
        let own = node.endpoint.clone().unwrap_or_else(|| listen.to_string());
        let is_seed = cluster.seed_nodes.is_empty() || cluster.seed_nodes.contains(&own);
        let data_dir = node.data_dir.clone();
        let mut joined = ClusterConfig::new(
            &cluster.cluster_name,
            node_name.as_str(),
            listen,
            data_dir.unwrap_or_else(|| PathBuf::from(DATA).join(&node_name)),
            state_stores::open_store(config.state_backend.implementation.clone()),
        );
        joined.advertised.clone_from(&node.endpoint);
        joined.seeds.clone_from(&cluster.seed_nodes);
        joined.can_coordinate = node.can_coordinate.unwrap_or(is_seed);
        joined.nodes_min = cluster.min_nodes;
        joined.election_timeout = cluster.election_timeout;
        joined.heartbeat_interval = cluster.heartbeat_interval;
        joined.overseer = OverseerConfig::with_failure_timeout(cluster.failure_timeout);
        joined.tls = identity.as_ref().map(TlsIdentity::control);
        Ok(Self {
            cluster: joined,
            data: data_plane(config, data_listen, identity.as_ref()),
            checkpoints: CheckpointOptions {
                interval: config.state_backend.checkpoint_interval,
                compression: config.state_backend.compression(),
                ..CheckpointOptions::default()
            },
        })
    }

    /// With a compiler and connectors.
    pub(super) fn with(self, programs: Arc<dyn Programs>) -> NodeConfig {
        NodeConfig {
            cluster: self.cluster,
            data: self.data,
            programs,
            checkpoints: self.checkpoints,
        }
    }
}

fn check(config: &DistributedConfig) -> Result<(), DistributedError> {
    let cluster = &config.cluster;
    if matches!(config.state_backend.implementation, StateBackendType::None) {
        return wrong(
            "a cluster needs a place for the state that all nodes reach: set `state_backend.implementation` to a directory or Redis".into(),
        );
    }
    if config.state_backend.checkpoint_interval.is_zero() {
        return wrong(
            "`state_backend.checkpoint_interval` is 0: rows would never be committed; one second is usual"
                .into(),
        );
    }
    if cluster.min_nodes == 0 {
        return wrong(
            "`cluster.min_nodes` is 0: at least this process is a node, set it to 1 or more".into(),
        );
    }
    if cluster.min_nodes > 1
        && cluster.seed_nodes.is_empty()
        && config.node.endpoint.is_none()
        && listens_at_any(config)
    {
        return wrong(format!(
            "`cluster.min_nodes` is {}, and no other node can find this one: set `cluster.seed_nodes`, or give `node.listen` a port",
            cluster.min_nodes
        ));
    }
    if let Some(seed) = cluster.seed_nodes.iter().find(|seed| !is_endpoint(seed)) {
        return wrong(format!(
            "`{seed}` of `cluster.seed_nodes` is not of the form `host:port`"
        ));
    }
    if config.transport.pool_size == 0 {
        return wrong("`transport.pool_size` is 0: nodes need at least one connection".into());
    }
    if config.handler_bytes_max == 0 {
        return wrong("`handler_bytes_max` is 0: handlers need room for rows".into());
    }
    Ok(())
}

fn listens_at_any(config: &DistributedConfig) -> bool {
    config.node.listen.ends_with(":0")
}

fn is_endpoint(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port != 0))
}

/// Whether an endpoint is on this machine.
fn is_here(endpoint: &str) -> bool {
    let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn address(key: &str, text: &str) -> Result<SocketAddr, DistributedError> {
    text.parse().or_else(|_| {
        wrong(format!(
            "`{key}` is `{text}`, which is not of the form `address:port`, such as `127.0.0.1:8080`"
        ))
    })
}

fn data_plane(config: &DistributedConfig, listen: SocketAddr, identity: Option<&TlsIdentity>) -> DataPlane {
    let transport = &config.transport;
    let patience = transport.request_timeout;
    let wire: Arc<dyn Transport> = match transport.implementation {
        TransportType::Tcp => Arc::new(Tcp::new(identity)),
        TransportType::Grpc => Arc::new(Grpc::new(identity)),
    };
    DataPlane {
        transport: wire,
        listen: listen.to_string(),
        advertised: config.node.data_endpoint.clone(),
        connection: ConnectionConfig {
            compression: match transport.compression {
                true => CompressionType::Lz4,
                false => CompressionType::None,
            },
            ..ConnectionConfig::with_patience(patience)
        },
        connections_per_node: transport.pool_size,
        connect_timeout: patience,
    }
}

fn wrong<T>(message: String) -> Result<T, DistributedError> {
    Err(DistributedError::Configuration(message))
}
