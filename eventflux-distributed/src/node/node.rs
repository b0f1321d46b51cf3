//! The node itself.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::metrics::MetricsSnapshot;
use eventflux_core::runtime::Trouble;
use eventflux_core::state::store::CheckpointStore;
use eventflux_core::time::SystemClock;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::Programs;
use super::config::{CheckpointOptions, DataPlane, NodeConfig};
use super::executor::{Executor, Surroundings};
use super::part::Apps;
use super::routes::Routes;
use crate::cluster_node::{ClusterNode, OpenStore};
use crate::coordinator::PipelineSpec;
use crate::error::{Error, Result};
use crate::transport::{Acceptor, Endpoint, NodeName, TransportError};

/// Tasks that do not end within this time are left behind.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// A node that takes part in a cluster and runs its parts of pipelines. It leaves nothing running when it is dropped.
///
/// The control plane, the worker and the connections have threads of their own, so that load on one does not delay another.
pub struct Node {
    cluster: ClusterNode,
    data_address: String,
    programs: Arc<dyn Programs>,
    open_store: OpenStore,
    checkpoints: CheckpointOptions,
    apps: Apps,
    executing: Option<JoinHandle<()>>,
    _worker: Threads,
    _wire: Threads,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("cluster", &self.cluster)
            .field("data_address", &self.data_address)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Listens, and begins to look for the cluster.
    ///
    /// **Errors** An address cannot be listened at; the configuration makes no sense; the data is damaged.
    pub async fn start(config: NodeConfig) -> Result<Self> {
        let NodeConfig {
            mut cluster,
            data,
            programs,
            checkpoints,
        } = config;
        let worker = Threads::start("eventflux-worker", 1)?;
        let wire = Threads::start("eventflux-wire", 2)?;
        let routes = Arc::new(Routes::default());
        let (endpoint, acceptor) =
            listen(&cluster.cluster, &cluster.name, &data, &routes, &wire.handle).await?;
        let data_address = match &data.advertised {
            Some(advertised) => advertised.clone(),
            None => acceptor.address().to_owned(),
        };
        cluster.data_address.clone_from(&data_address);
        let (name, open_store) = (cluster.name.clone(), Arc::clone(&cluster.open_store));
        wire.handle.spawn(take_in(acceptor, Arc::clone(&routes)));
        let mut cluster = ClusterNode::start(cluster).await?;
        let apps = Apps::default();
        let surroundings = Surroundings {
            node: cluster.id(),
            name,
            endpoint,
            routes,
            programs: Arc::clone(&programs),
            open_store: Arc::clone(&open_store),
            compression: checkpoints.compression,
            connections_per_node: data.connections_per_node,
            connect_timeout: data.connect_timeout,
            apps: apps.clone(),
            wire: wire.handle.clone(),
        };
        let (executor, heard) = Executor::new(Arc::new(surroundings), cluster.reports());
        let executing = cluster
            .take_events()
            .map(|ordered| worker.handle.spawn(executor.run(ordered, heard)));
        Ok(Self {
            cluster,
            data_address,
            programs,
            open_store,
            checkpoints,
            apps,
            executing,
            _worker: worker,
            _wire: wire,
        })
    }

    /// Its part in the cluster.
    pub fn cluster(&self) -> &ClusterNode {
        &self.cluster
    }

    /// Where others reach its data plane.
    pub fn data_address(&self) -> &str {
        &self.data_address
    }

    /// The metrics of the pipelines' parts that run here, by the pipelines' names.
    pub fn metrics(&self) -> Vec<(String, MetricsSnapshot)> {
        let running = self.apps.now().into_iter();
        running
            .map(|running| (running.name, running.app.metrics()))
            .collect()
    }

    /// What keeps parts that run here from making their work durable or visible at this moment, by the pipelines' names.
    pub fn troubles(&self) -> Vec<(String, Vec<Trouble>)> {
        let running = self.apps.now().into_iter();
        running
            .map(|running| (running.name, running.app.troubles()))
            .collect()
    }

    /// Opens the state of a pipeline. It blocks.
    ///
    /// **Errors** The store cannot be reached.
    pub fn open_store(&self, spec: &PipelineSpec) -> eventflux_core::Result<Arc<dyn CheckpointStore>> {
        (self.open_store)(spec)
    }

    /// What opens the state of pipelines; it holds nothing of the node.
    pub fn store_opener(&self) -> OpenStore {
        Arc::clone(&self.open_store)
    }

    pub(super) fn programs(&self) -> Arc<dyn Programs> {
        Arc::clone(&self.programs)
    }

    pub(super) fn checkpoints(&self) -> CheckpointOptions {
        self.checkpoints
    }

    /// As many subtasks as the nodes that are up have cores, if they are like this one.
    pub(super) fn usual_parallelism(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = self.cluster.state().borrow().workers().count();
        cores * workers.max(1)
    }

    /// Gives up what runs, leaves the control plane, and waits until the data directory can be opened again.
    pub async fn stop(mut self) {
        self.cluster.stop().await;
        if let Some(executing) = self.executing.take() {
            let _ = tokio::time::timeout(CLOSE_WITHIN, executing).await;
        }
    }
}

/// A runtime for whose tasks nobody waits, wherever it is dropped.
#[derive(Debug)]
struct Threads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Threads {
    fn start(name: &str, count: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(count)
            .thread_name(name)
            .enable_all()
            .build()
            .map_err(|error| Error::Stopped(error.to_string()))?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn listen(
    cluster: &str,
    name: &str,
    data: &DataPlane,
    routes: &Arc<Routes>,
    wire: &Handle,
) -> Result<(Endpoint, Acceptor)> {
    let name = NodeName {
        id: name.to_owned(),
        incarnation: 0,
    };
    let endpoint = Endpoint::new(
        Arc::clone(&data.transport),
        cluster,
        name,
        Arc::clone(routes) as _,
        data.connection.clone(),
        Arc::new(SystemClock),
    );
    let (listening, address) = (endpoint.clone(), data.listen.clone());
    let listening = wire.spawn(async move { listening.listen(&address).await });
    let listened = listening
        .await
        .map_err(|error| Error::Stopped(error.to_string()))?;
    let acceptor = listened.map_err(|error| Error::Listen {
        address: data.listen.clone(),
        source: io_error(error),
    })?;
    Ok((endpoint, acceptor))
}

/// What the system said.
fn io_error(error: TransportError) -> io::Error {
    match &error {
        TransportError::Broken { source, .. } => match source.downcast_ref::<io::Error>() {
            Some(system) => system.kind().into(),
            None => io::Error::other(error),
        },
        _ => io::Error::other(error),
    }
}

async fn take_in(mut acceptor: Acceptor, routes: Arc<Routes>) {
    loop {
        match acceptor.accept().await {
            Ok(connection) => routes.take_in(connection),
            Err(error) => return tracing::error!("the data plane takes no connections any more: {error}"),
        }
    }
}
