//! Nodes in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use eventflux::async_trait;
use eventflux::checkpoint::manifest::PlanIdentity;
use eventflux::metrics::{CheckpointSnapshot, MetricsSnapshot};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::{CompileContext, Settings, compile};
use eventflux::state::store::{CheckpointStore, MemoryStore};
use eventflux_cli::admin::model::ProgramDiagnostic;
use eventflux_cli::admin::{AdminConfig, AdminNode, AdminServer, Submission, SubmitError, Tokens};
use eventflux_distributed::cluster_node::{ClusterConfig, ClusterNode};
use eventflux_distributed::coordinator::{Change, OverseerConfig, PartContent, PipelineId, PipelineSpec};
use eventflux_distributed::worker::{Worker, WorkerCommand, WorkerEvent};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http::{Answer, get, post};

/// A program that every test may submit.
pub const PROGRAM: &str =
    "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'datagen', 'rows' = '10');
SELECT k, count(*) AS c FROM t GROUP BY k;";

/// A node whose loops do at once what they are told, and have nothing to store.
struct TestNode {
    cluster: ClusterNode,
    store: Arc<MemoryStore>,
}

#[async_trait]
impl AdminNode for TestNode {
    fn cluster(&self) -> &ClusterNode {
        &self.cluster
    }

    async fn submit(&self, submission: Submission) -> Result<PipelineId, SubmitError> {
        let mut settings = Settings::default();
        for (key, value) in &submission.settings {
            let set = settings.set(key, value);
            set.map_err(|error| SubmitError::Refused(error.to_string()))?;
        }
        let source = SourceText::new(&submission.name, &submission.sql);
        let context = CompileContext {
            registry: eventflux::built_in_registry(),
            settings,
            ..CompileContext::default()
        };
        let app = compile(&source, &context).map_err(|diagnostics| {
            let shown = diagnostics.iter();
            SubmitError::Program(shown.map(|one| ProgramDiagnostic::of(&source, one)).collect())
        })?;
        let identity = PlanIdentity::of(&app.plan);
        let spec = PipelineSpec {
            name: submission.name,
            sql: submission.sql,
            plan_fingerprint: identity.fingerprint,
            key_groups: identity.key_groups,
            parallelism: submission.parallelism.unwrap_or(3) as u32,
            checkpoint_interval_us: 50_000,
            checkpoint_timeout_us: 5_000_000,
            state_store: "redis://:hidden@127.0.0.1:6379/0".into(),
            app_id: "a".into(),
            plan_identity: serde_json::to_vec(&identity).unwrap(),
            ..PipelineSpec::default()
        };
        match self.cluster.propose(Change::Submit(spec)).await {
            Ok(outcome) => Ok(outcome.granted),
            Err(error @ eventflux_distributed::Error::Refused(_)) => {
                Err(SubmitError::Exists(error.to_string()))
            }
            Err(error) => Err(SubmitError::Unavailable(error.to_string())),
        }
    }

    fn metrics(&self) -> Vec<(String, MetricsSnapshot)> {
        let checkpoints = CheckpointSnapshot {
            committed: 3,
            ..CheckpointSnapshot::default()
        };
        let snapshot = MetricsSnapshot {
            checkpoints,
            ..MetricsSnapshot::default()
        };
        vec![("p".into(), snapshot.clone()), ("q".into(), snapshot)]
    }

    fn open_store(&self, _: &PipelineSpec) -> eventflux::Result<Arc<dyn CheckpointStore>> {
        Ok(self.store.clone())
    }
}

/// A cluster whose nodes listen on loopback.
pub struct TestCluster {
    // The servers go first: they hold nodes.
    pub servers: Vec<AdminServer>,
    nodes: Vec<Arc<TestNode>>,
    // What nodes stand on goes last.
    runtime: Runtime,
    _directory: TempDir,
}

impl TestCluster {
    /// So many nodes, of which all coordinate, with these tokens.
    pub fn start(count: usize, tokens: &Tokens) -> Self {
        let directory = TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let store: Arc<MemoryStore> = Arc::default();
        let addresses = addresses(count);
        let nodes: Vec<Arc<TestNode>> = (0..count)
            .map(|number| {
                let path = directory.path().join(number.to_string());
                let config = config(number, &addresses, path, &store);
                let mut cluster = runtime.block_on(ClusterNode::start(config)).unwrap();
                runtime.spawn(work(&mut cluster));
                Arc::new(TestNode {
                    cluster,
                    store: Arc::clone(&store),
                })
            })
            .collect();
        let servers = nodes.iter().map(|node| serve(node, tokens)).collect();
        let cluster = Self {
            servers,
            nodes,
            runtime,
            _directory: directory,
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
        let body = serde_json::json!({"name": name, "sql": PROGRAM});
        post(self.address(0), "/v1/pipelines", &body).is(201);
        self.wait_for(
            0,
            &format!("/v1/pipelines/{name}"),
            &Tokens::default(),
            |pipeline| pipeline["checkpoint"].as_u64() > Some(0),
        );
    }

    /// Ends a node, without a word to the others.
    pub fn lose(&mut self, node: usize) {
        drop(self.servers.remove(node));
        let lost = Arc::into_inner(self.nodes.remove(node)).expect("the server holds the node no more");
        self.runtime.block_on(lost.cluster.stop());
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

fn serve(node: &Arc<TestNode>, tokens: &Tokens) -> AdminServer {
    let config = AdminConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        is_public_allowed: false,
        is_quiet: true,
        tokens: tokens.clone(),
    };
    AdminServer::start(config, node.clone()).unwrap().unwrap()
}

/// Ports that are free now.
fn addresses(count: usize) -> Vec<SocketAddr> {
    let bind = |_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let listeners: Vec<_> = (0..count).map(bind).collect();
    let addresses = listeners.iter().map(|listener| listener.local_addr().unwrap());
    addresses.collect()
}

fn config(
    number: usize,
    addresses: &[SocketAddr],
    directory: std::path::PathBuf,
    store: &Arc<MemoryStore>,
) -> ClusterConfig {
    let store: Arc<dyn CheckpointStore> = store.clone();
    let open = Arc::new(move |_: &PipelineSpec| Ok(Arc::clone(&store)));
    let name = format!("node-{number}");
    let mut config = ClusterConfig::new("test", name, addresses[number], directory, open);
    config.data_address = format!("data-{number}:9000");
    config.seeds = addresses.iter().map(ToString::to_string).collect();
    config.overseer = OverseerConfig {
        failure_timeout_us: 3_000_000,
        ..OverseerConfig::default()
    };
    config
}

/// A worker whose loops do at once what they are told.
fn work(node: &mut ClusterNode) -> impl Future<Output = ()> + use<> {
    let mut events = node.take_events().unwrap();
    let reports = node.reports();
    async move {
        let mut worker = Worker::new();
        while let Some(event) = events.recv().await {
            let mut due = vec![event];
            while let Some(event) = due.pop() {
                for command in worker.on_event(event) {
                    match command {
                        WorkerCommand::Report(report) => drop(reports.send(report)),
                        other => due.extend(done(&other)),
                    }
                }
            }
        }
    }
}

fn done(command: &WorkerCommand) -> Option<WorkerEvent> {
    match *command {
        WorkerCommand::Prepare {
            pipeline, generation, ..
        } => Some(WorkerEvent::Prepared {
            pipeline,
            generation,
            loop_count: 1,
            reading: vec![0],
            sinks: vec!["out".into()],
        }),
        WorkerCommand::SendBarrier {
            pipeline,
            generation,
            epoch,
        } => Some(WorkerEvent::Stored {
            pipeline,
            generation,
            epoch,
            loop_id: 0,
            content: PartContent::default(),
        }),
        WorkerCommand::Deliver {
            pipeline,
            generation,
            epoch,
        } => Some(WorkerEvent::Delivered {
            pipeline,
            generation,
            epoch,
        }),
        _ => None,
    }
}
