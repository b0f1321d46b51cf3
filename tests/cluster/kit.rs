//! Nodes of one cluster, here in one process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eventflux::distributed::cluster_node::ClusterConfig;
use eventflux::distributed::coordinator::{Change, Desired, Pipeline, PipelineId, SetDesired};
use eventflux::distributed::node::{
    CheckpointOptions, DataPlane, Node, NodeConfig, Programs, Submission, SubmitError,
};
use eventflux::distributed::transport::grpc::Grpc;
use eventflux::distributed::transport::tcp::Tcp;
use eventflux::distributed::transport::{ConnectionConfig, TlsIdentity, Transport};
use eventflux::persistence::{Compression, DirectoryStore};
use eventflux_core::testing::free_ports;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// A cluster ought to have done what is waited for within this time, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How nodes are joined.
#[derive(Clone)]
pub struct Wires {
    /// By node: with TLS each has a certificate of its own.
    transports: Vec<Arc<dyn Transport>>,
    connection: ConnectionConfig,
}

/// What carries rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Tcp,
    Grpc,
}

impl Wires {
    /// For so many nodes at the most.
    pub fn new(count: usize, wire: Wire, is_secure: bool, compression: Compression) -> Self {
        let identities = is_secure.then(|| identities(count));
        let transport = |node: usize| -> Arc<dyn Transport> {
            let identity = identities.as_ref().map(|identities| &identities[node]);
            match wire {
                Wire::Tcp => Arc::new(Tcp::new(identity)),
                Wire::Grpc => Arc::new(Grpc::new(identity)),
            }
        };
        Self {
            transports: (0..count).map(transport).collect(),
            connection: ConnectionConfig {
                compression,
                ..ConnectionConfig::default()
            },
        }
    }
}

/// Certificates of an authority of the test, made out to the nodes' names.
fn identities(count: usize) -> Vec<TlsIdentity> {
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = of_authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(of_authority, authority_key);
    let identity = |node: usize| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![node_name(node)]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        TlsIdentity::from_pem(
            certificate.pem().as_bytes(),
            key.serialize_pem().as_bytes(),
            authority.pem().as_bytes(),
        )
        .unwrap()
    };
    (0..count).map(identity).collect()
}

fn node_name(index: usize) -> String {
    format!("node-{}", index + 1)
}

impl Default for Wires {
    fn default() -> Self {
        Self::new(3, Wire::Tcp, false, Compression::None)
    }
}

/// A cluster with the state of its pipelines in a folder that all nodes see.
pub struct Cluster {
    nodes: Vec<Option<Node>>,
    configs: Vec<NodeConfig>,
    tokio: tokio::runtime::Runtime,
    folder: TempDir,
}

impl Cluster {
    /// So many nodes, all of them up.
    pub fn start(count: usize, wires: &Wires, programs: &Arc<dyn Programs>) -> Self {
        let mut cluster = Self::new(count, wires, programs);
        (0..count).for_each(|index| cluster.start_node(index));
        cluster.wait_for_nodes(count);
        cluster
    }

    /// One of so many nodes is up, and nothing runs until there are more than that: all of them, and another one.
    pub fn start_incomplete(count: usize, wires: &Wires, programs: &Arc<dyn Programs>) -> Self {
        let mut cluster = Self::new(count, wires, programs);
        for config in &mut cluster.configs {
            config.cluster.nodes_min = count as u32 + 1;
            config.cluster.seeds.truncate(1);
        }
        cluster.start_node(0);
        cluster.wait_for_nodes(1);
        cluster
    }

    fn new(count: usize, wires: &Wires, programs: &Arc<dyn Programs>) -> Self {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let folder = TempDir::new().unwrap();
        let addresses: Vec<String> = free_ports(count)
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let configs: Vec<NodeConfig> = (0..count)
            .map(|index| config(index, &addresses, folder.path(), wires, programs))
            .collect();
        Self {
            nodes: (0..count).map(|_| None).collect(),
            configs,
            tokio,
            folder,
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// By which others find it.
    pub fn seeds(&self) -> Vec<String> {
        self.configs[0].cluster.seeds.clone()
    }

    /// Waits until there is a pipeline of this name.
    pub fn pipeline(&self, name: &str) -> PipelineId {
        let mut state = self.any().cluster().state();
        let found = state.wait_for(|state| state.pipeline_named(name).is_some());
        let found = self
            .tokio
            .block_on(async { tokio::time::timeout(PATIENCE, found).await });
        found.unwrap().unwrap().pipeline_named(name).unwrap().id
    }

    pub fn start_node(&mut self, index: usize) {
        let config = self.configs[index].clone();
        self.nodes[index] = Some(self.tokio.block_on(Node::start(config)).unwrap());
    }

    /// A node ends without a word to anybody.
    pub fn drop_node(&mut self, index: usize) {
        self.nodes[index] = None;
    }

    fn any(&self) -> &Node {
        self.nodes.iter().flatten().next().unwrap()
    }

    /// How many nodes are up, as those that are left know at this moment.
    pub fn nodes_up(&self) -> usize {
        self.any().cluster().state().borrow().workers().count()
    }

    /// Waits until so many nodes are up.
    pub fn wait_for_nodes(&self, count: usize) {
        let mut state = self.any().cluster().state();
        let up = state.wait_for(|state| state.workers().count() == count);
        let waited = self
            .tokio
            .block_on(async { tokio::time::timeout(PATIENCE, up).await.is_ok() });
        assert!(
            waited,
            "{count} nodes are not up: {:?}",
            self.any().cluster().problem().borrow()
        );
    }

    pub fn submit(&self, submission: Submission) -> Result<PipelineId, SubmitError> {
        self.tokio.block_on(self.any().submit(submission))
    }

    pub fn set(&self, pipeline: PipelineId, desired: Desired) {
        let change = Change::SetDesired(SetDesired {
            pipeline,
            desired: desired.into(),
        });
        self.tokio.block_on(self.any().cluster().propose(change)).unwrap();
    }

    /// Waits until a pipeline is as it should be.
    pub fn wait_for(&self, pipeline: PipelineId, what: &str, is_so: impl Fn(&Pipeline) -> bool) -> Pipeline {
        let mut state = self.any().cluster().state();
        let found = state.wait_for(|state| {
            let pipeline = state.pipeline(pipeline);
            pipeline.is_some_and(|pipeline| is_so(pipeline) || !pipeline.failure.is_empty())
        });
        let found = self
            .tokio
            .block_on(async { tokio::time::timeout(PATIENCE, found).await });
        let pipeline = match found {
            Ok(Ok(state)) => state.pipeline(pipeline).unwrap().clone(),
            _ => {
                let state = self.any().cluster().state().borrow().clone();
                let pipeline = state.pipeline(pipeline);
                panic!(
                    "the pipeline is not {what}: {:?}",
                    pipeline.map(|pipeline| (
                        pipeline.generation,
                        &pipeline.committed,
                        pipeline.in_flight,
                        pipeline.desired(),
                        pipeline.is_finished,
                        pipeline.assignment.is_some()
                    ))
                )
            }
        };
        assert!(
            is_so(&pipeline),
            "the pipeline is not {what}: {}",
            pipeline.failure
        );
        pipeline
    }

    /// Waits until all inputs of a pipeline have ended, and all of it is visible.
    pub fn wait_until_finished(&self, pipeline: PipelineId) -> Pipeline {
        self.wait_for(pipeline, "finished", |pipeline| {
            pipeline.is_finished && pipeline.assignment.is_none()
        })
    }

    /// Waits until a pipeline has committed an epoch of its newest generation.
    pub fn wait_for_commit(&self, pipeline: PipelineId) {
        self.wait_for(pipeline, "committing", |pipeline| {
            pipeline.committed.epoch > 0 && pipeline.committed.generation == pipeline.generation
        });
    }
}

fn config(
    index: usize,
    addresses: &[String],
    folder: &Path,
    wires: &Wires,
    programs: &Arc<dyn Programs>,
) -> NodeConfig {
    let state = folder.join("state");
    let open_store = Arc::new(move |spec: &eventflux::distributed::coordinator::PipelineSpec| {
        let store = DirectoryStore::open_shared(state.join(&spec.state_store))?;
        Ok(Arc::new(store) as _)
    });
    let mut cluster = ClusterConfig::new(
        "test",
        node_name(index),
        addresses[index].parse().unwrap(),
        folder.join(node_name(index)),
        open_store,
    );
    cluster.seeds = addresses.to_vec();
    // Who hangs up is lost at once; who is only slow, on a busy machine, is not.
    cluster.overseer.failure_timeout_us = 60_000_000;
    // Two voters are refused.
    cluster.can_coordinate = addresses.len() != 2 || index == 0;
    NodeConfig {
        cluster,
        data: DataPlane {
            transport: Arc::clone(&wires.transports[index]),
            listen: "127.0.0.1:0".into(),
            advertised: None,
            connection: wires.connection.clone(),
            connections_per_node: 1,
            connect_timeout: Duration::from_secs(10),
        },
        programs: Arc::clone(programs),
        checkpoints: CheckpointOptions {
            interval: Duration::from_millis(100),
            ..CheckpointOptions::default()
        },
    }
}
