//! Nodes in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use eventflux::distributed::SqlPrograms;
use eventflux::distributed::cluster_node::ClusterConfig;
use eventflux::distributed::coordinator::{OverseerConfig, PipelineSpec};
use eventflux::distributed::node::{CheckpointOptions, DataPlane, Node, NodeConfig};
use eventflux::distributed::transport::ConnectionConfig;
use eventflux::distributed::transport::tcp::Tcp;
use eventflux::persistence::DirectoryStore;
use eventflux_cli::admin::{AdminConfig, AdminServer, Tokens};
use eventflux_core::testing::free_ports;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http::{Answer, get, post};
use crate::kept;

/// A program that goes on until somebody stops it.
pub const PROGRAM: &str = "CREATE STREAM t (k BIGINT, n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100', 'fields.k.kind' = 'sequence', 'fields.n.min' = '1', 'fields.n.max' = '1');
CREATE STREAM counts (k BIGINT, c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO counts SELECT k % 3 AS k, count(*) AS c FROM t GROUP BY k % 3;";

/// A cluster whose nodes listen on loopback.
pub struct TestCluster {
    // The servers go first: they hold nodes.
    pub servers: Vec<AdminServer>,
    nodes: Vec<Arc<Node>>,
    // What nodes stand on goes last.
    runtime: Runtime,
    directory: TempDir,
}

impl TestCluster {
    /// So many nodes, of which all coordinate, with these tokens.
    pub fn start(count: usize, tokens: &Tokens) -> Self {
        let directory = TempDir::new_in(kept::directory()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let addresses = addresses(count);
        let nodes: Vec<Arc<Node>> = (0..count)
            .map(|number| {
                let config = config(number, &addresses, directory.path());
                Arc::new(runtime.block_on(Node::start(config)).unwrap())
            })
            .collect();
        let servers = nodes.iter().map(|node| serve(node, tokens)).collect();
        let cluster = Self {
            servers,
            nodes,
            runtime,
            directory,
        };
        for node in 0..count {
            cluster.wait_for(node, "/v1/cluster", tokens, |status| {
                status["nodes_up"] == count && status["is_current"] == true
            });
        }
        cluster
    }

    /// One for all tests that leave it as it is, apart from pipelines of their own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestCluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(3, &Tokens::default()))
    }

    /// A folder for what tests read and write.
    pub fn folder(&self) -> &Path {
        self.directory.path()
    }

    pub fn address(&self, node: usize) -> SocketAddr {
        self.servers[node].address()
    }

    pub fn url(&self, node: usize) -> String {
        format!("http://{}", self.address(node))
    }

    /// Asks again and again; a test that waits for more than a minute has failed.
    pub fn wait_for(
        &self,
        node: usize,
        path: &str,
        tokens: &Tokens,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let began = Instant::now();
        loop {
            let answer = match tokens.is_empty() {
                true => get(self.address(node), path),
                false => super::http::ask(
                    self.address(node),
                    &format!("GET {path}"),
                    &["Authorization: Bearer admin-0123456789abcdef"],
                    &[],
                ),
            };
            let found = answer.json();
            if is_so(&found) {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{path}: {found:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Submits the program under this name, and waits for its first checkpoint.
    pub fn submit(&self, name: &str) {
        let body = serde_json::json!({"name": name, "sql": PROGRAM, "parallelism": 3});
        post(self.address(0), "/v1/pipelines", &body).is(201);
        self.wait_for(
            0,
            &format!("/v1/pipelines/{name}"),
            &Tokens::default(),
            |pipeline| pipeline["checkpoint"].as_u64() > Some(0),
        );
    }

    /// Removes a pipeline, and waits until it is gone.
    pub fn remove(&self, name: &str) {
        let path = format!("/v1/pipelines/{name}");
        self.delete(&path);
        self.wait_for(0, &path, &Tokens::default(), |answer| {
            answer["code"] == "unknown-pipeline"
        });
    }

    /// Ends a node; nothing of its server holds it any more.
    pub fn lose(&mut self, node: usize) {
        drop(self.servers.remove(node));
        let lost = Arc::into_inner(self.nodes.remove(node)).expect("the server holds the node no more");
        self.runtime.block_on(lost.stop());
    }

    /// Asks the first node.
    pub fn get(&self, path: &str) -> Answer {
        get(self.address(0), path)
    }

    pub fn post(&self, path: &str) -> Answer {
        super::http::ask(self.address(0), &format!("POST {path}"), &[], &[])
    }

    pub fn delete(&self, path: &str) -> Answer {
        super::http::ask(self.address(0), &format!("DELETE {path}"), &[], &[])
    }
}

fn serve(node: &Arc<Node>, tokens: &Tokens) -> AdminServer {
    let config = AdminConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        is_public_allowed: false,
        is_quiet: true,
        tokens: tokens.clone(),
    };
    AdminServer::start(config, Arc::clone(node)).unwrap().unwrap()
}

/// Ports that are free now.
fn addresses(count: usize) -> Vec<SocketAddr> {
    let ports = free_ports(count).into_iter();
    ports.map(|port| (Ipv4Addr::LOCALHOST, port).into()).collect()
}

fn config(number: usize, addresses: &[SocketAddr], directory: &Path) -> NodeConfig {
    let state = directory.join("state");
    let open_store = Arc::new(move |spec: &PipelineSpec| {
        let store = DirectoryStore::open_shared(state.join(&spec.state_store))?;
        Ok(Arc::new(store) as _)
    });
    let name = format!("node-{number}");
    let data = directory.join(&name);
    let mut cluster = ClusterConfig::new("test", name, addresses[number], data, open_store);
    cluster.seeds = addresses.iter().map(ToString::to_string).collect();
    // Who hangs up is lost soon; who is only slow, on a busy machine, is not.
    cluster.overseer = OverseerConfig {
        failure_timeout_us: 60_000_000,
        ..OverseerConfig::default()
    };
    NodeConfig {
        cluster,
        data: DataPlane {
            transport: Arc::new(Tcp::plain()),
            listen: "127.0.0.1:0".into(),
            advertised: None,
            connection: ConnectionConfig::default(),
            connections_per_node: 1,
            connect_timeout: Duration::from_secs(10),
        },
        programs: Arc::new(SqlPrograms::default()),
        checkpoints: CheckpointOptions {
            interval: Duration::from_millis(100),
            ..CheckpointOptions::default()
        },
    }
}
