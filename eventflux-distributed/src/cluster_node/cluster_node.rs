//! The node itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::Fatal;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::attachment::Attachment;
use super::client::ClusterClient;
use super::config::ClusterConfig;
use super::contact::Contact;
use super::driver::{Driver, Metrics};
use super::formation::{follow_members, form, tell_problem};
use super::goodbye;
use super::hub::Hub;
use super::server::serve;
use super::service::{ControlService, MetricsSource};
use crate::consensus::{
    ConsensusRaft, ConsensusService, Dialer, Hearing, LogStore, NodeIdentity, StateMachine, Voters,
    follow_audience, new_id, raft_config,
};
use crate::coordinator::{Change, ClusterState, NodeId, NodeSpec, Outcome, Report};
use crate::error::{Error, Result};
use crate::worker::WorkerEvent;

/// Tasks that do not end within this time are left behind.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// A node of a cluster. It leaves nothing running when it is dropped.
///
/// ```text
///  start ─► listening ─► is one of the seeds in a cluster? ──yes──► joins it (registers; votes when it is told to)
///                                  │ no
///                                  └─► all seeds answer, none is: those that can coordinate form one
/// ```
pub struct ClusterNode {
    node: NodeId,
    name: String,
    cluster: String,
    address: String,
    data_directory: PathBuf,
    client: ClusterClient,
    raft: Option<ConsensusRaft>,
    hearing: watch::Receiver<Hearing>,
    state: watch::Receiver<Arc<ClusterState>>,
    problem: watch::Receiver<Option<String>>,
    events: Option<mpsc::UnboundedReceiver<WorkerEvent>>,
    reports: mpsc::UnboundedSender<Report>,
    metrics: Arc<OnceLock<MetricsSource>>,
    contact: watch::Receiver<Contact>,
    incarnation: Arc<AtomicU64>,
    attachment: JoinHandle<()>,
    runtime: Option<Runtime>,
    stop: Option<oneshot::Sender<()>>,
}

impl fmt::Debug for ClusterNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterNode")
            .field("node", &self.node)
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ClusterNode {
    /// Opens a node's data, listens, and begins to look for its cluster.
    ///
    /// **Errors** The configuration makes no sense; the address cannot be listened at; the data is damaged.
    pub async fn start(config: ClusterConfig) -> Result<Self> {
        config.check()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("eventflux-control")
            .enable_all()
            .build()
            .map_err(|error| Error::Stopped(error.to_string()))?;
        let starting = runtime.spawn(Self::open(config));
        let opened = starting.await.map_err(|error| Error::Stopped(error.to_string()));
        match opened.and_then(|opened| opened) {
            Ok(mut node) => {
                node.runtime = Some(runtime);
                Ok(node)
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// As [`ClusterNode::start`], on the runtime of whoever calls, which is to run nothing else that takes long: for
    /// simulations.
    pub async fn start_here(config: ClusterConfig) -> Result<Self> {
        config.check()?;
        Self::open(config).await
    }

    async fn open(config: ClusterConfig) -> Result<Self> {
        let identity = NodeIdentity::open(&config.data_directory)?;
        let node = identity.id();
        let listening = |source| Error::Listen {
            address: config.listen.to_string(),
            source,
        };
        let listener = config.sockets.listen(config.listen).await.map_err(listening)?;
        let local = listener.local_address().map_err(listening)?;
        let address = config.advertised.clone().unwrap_or_else(|| local.to_string());
        let sockets = Arc::clone(&config.sockets);
        let dialer =
            Dialer::over(sockets, config.tls.clone(), Duration::from_secs(1)).speaking(config.protocol);
        let mut known = config.seeds.clone();
        known.insert(0, address.clone());
        known.dedup();
        let client = ClusterClient::new(dialer.clone(), known);
        let (hub, heard) = Hub::new();
        let (hears, hearing) = watch::channel(Hearing::Heard);
        let (consensus, state) = match config.can_coordinate {
            true => {
                let voters = Voters::new(dialer.clone(), hearing.clone());
                let (consensus, state) = open_raft(&config, node, voters).await?;
                (Some(consensus), state)
            }
            false => (None, watch::channel(Arc::default()).1),
        };
        let raft = consensus.as_ref().map(|consensus| consensus.raft().clone());
        let metrics = Arc::default();
        let service = ControlService {
            node,
            cluster: config.cluster.clone(),
            protocol: config.protocol,
            consensus,
            hearing: hearing.clone(),
            state: state.clone(),
            hub: hub.clone(),
            metrics: Arc::clone(&metrics),
        };
        let (stop, stopped) = oneshot::channel();
        serve(listener, config.tls.clone(), service, stopped);
        let (told, forming) = watch::channel(None);
        if let Some(raft) = &raft {
            tokio::spawn(follow_audience(raft.metrics(), config.election_timeout, hears));
            let driver = Driver {
                node,
                raft: raft.clone(),
                hearing: hearing.clone(),
                state: state.clone(),
                hub,
                config: config.overseer,
                dialer,
                open_store: Arc::clone(&config.open_store),
                manifests_retained: config.manifests_retained,
                client: new_id(),
                commands: Arc::new(AtomicU64::new(1)),
            };
            tokio::spawn(driver.run(heard));
            tokio::spawn(form(
                raft.clone(),
                (node, address.clone()),
                config.clone(),
                client.clone(),
                told,
            ));
            tokio::spawn(follow_members(state.clone(), client.clone()));
        }
        let (events_in, events) = mpsc::unbounded_channel();
        let (reports, reports_out) = mpsc::unbounded_channel();
        let (met, contact) = watch::channel(Contact::Seeking { obstacle: None });
        let incarnation = Arc::default();
        let attachment = Attachment {
            spec: spec(&config, node, &address),
            cluster: config.cluster.clone(),
            client: client.clone(),
            heartbeat_interval: config.heartbeat_interval,
            events: events_in,
            reports: reports_out,
            incarnation: Arc::clone(&incarnation),
            contact: met,
        };
        let (telling, problem) = watch::channel(None);
        tokio::spawn(tell_problem(forming, contact.clone(), telling));
        Ok(Self {
            node,
            name: config.name,
            cluster: config.cluster,
            address,
            data_directory: config.data_directory,
            client,
            raft,
            hearing,
            state,
            problem,
            events: Some(events),
            reports,
            metrics,
            contact,
            incarnation,
            attachment: tokio::spawn(attachment.run()),
            runtime: None,
            stop: Some(stop),
        })
    }

    /// Who it is.
    pub fn id(&self) -> NodeId {
        self.node
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the cluster that it belongs to, or looks for, is called.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Where others reach its control plane.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// For commands to the cluster.
    pub fn client(&self) -> &ClusterClient {
        &self.client
    }

    /// Puts a change through Raft, whoever leads.
    pub async fn propose(&self, change: Change) -> Result<Outcome> {
        let patience = Duration::from_secs(10);
        let Some(runtime) = &self.runtime else {
            return self.client.propose(change, patience).await;
        };
        // Connections live in the runtime that has made them, which must be this node's.
        let client = self.client.clone();
        let proposing = runtime.spawn(async move { client.propose(change, patience).await });
        proposing
            .await
            .map_err(|error| Error::Stopped(error.to_string()))?
    }

    /// What the cluster has agreed on, as far as this node has applied it; of a node that does not coordinate: nothing.
    pub fn state(&self) -> watch::Receiver<Arc<ClusterState>> {
        self.state.clone()
    }

    /// Why it does not take part in a cluster, while it does not: what keeps the cluster from being formed, or the node from joining it.
    pub fn problem(&self) -> watch::Receiver<Option<String>> {
        self.problem.clone()
    }

    /// How it stands with its cluster.
    pub fn contact(&self) -> watch::Receiver<Contact> {
        self.contact.clone()
    }

    /// Says that this node is about to stop, so that others take over at once what it runs, and the leadership if it has it. Its worker
    /// hears nothing more.
    ///
    /// **Errors** Nobody who decides is reached in time: it will be missed all the same.
    pub async fn say_goodbye(&self, patience: Duration) -> Result<()> {
        // Otherwise it would register again as soon as it is told that it does not count any more.
        self.attachment.abort();
        let (raft, client, node) = (self.raft.clone(), self.client.clone(), self.node);
        let incarnation = match self.incarnation.load(Ordering::Acquire) {
            // Nothing was granted yet, or the answer is still under way: a voter knows as much as the leader.
            0 => self.state.borrow().member(node).map(|member| member.incarnation),
            incarnation => Some(incarnation),
        };
        let telling = async move {
            if let Some(raft) = &raft {
                goodbye::hand_over(raft).await;
            }
            match incarnation {
                None => Ok(()),
                Some(incarnation) => goodbye::tell(&client, node, incarnation, patience).await,
            }
        };
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let told = runtime.spawn(telling).await;
        told.map_err(|error| Error::Stopped(error.to_string()))?
    }

    /// Whether it leads: it was elected, and a majority answers it as far as is known.
    pub fn is_leader(&self) -> bool {
        let raft = self.raft.as_ref();
        let is_elected = raft.is_some_and(|raft| raft.metrics().borrow_watched().state.is_leader());
        is_elected && self.hearing.borrow().is_heard()
    }

    /// The term that it is in, if it coordinates.
    pub fn term(&self) -> Option<u64> {
        Some(self.raft.as_ref()?.metrics().borrow_watched().current_term)
    }

    /// Waits until its part in the coordination has ended by itself, and says why: its disk is full or broken, say. It takes part in
    /// nothing any more; what is left to do is to stop it.
    pub fn failure(&self) -> impl Future<Output = Error> + Send + 'static {
        let metrics = self.raft.as_ref().map(|raft| raft.metrics());
        let path = self.data_directory.clone();
        async move {
            match metrics {
                Some(metrics) => stopped_by_itself(metrics, &path).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Has it answer whoever asks for its metrics. The first source stays.
    pub fn serve_metrics(&self, source: MetricsSource) {
        let _ = self.metrics.set(source);
    }

    /// What a [`Worker`](crate::worker::Worker) of this node is to be told; once.
    pub fn take_events(&mut self) -> Option<mpsc::UnboundedReceiver<WorkerEvent>> {
        self.events.take()
    }

    /// Where a worker's reports go.
    pub fn reports(&self) -> mpsc::UnboundedSender<Report> {
        self.reports.clone()
    }

    /// Stops, and waits until nothing is written any more and the data directory can be opened again.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        let raft = self.raft.take();
        let stopping = async move {
            if let Some(raft) = raft {
                // One that has stopped by itself need not be stopped.
                let _ = raft.shutdown().await;
            }
        };
        let Some(runtime) = self.runtime.take() else {
            return stopping.await;
        };
        let _ = runtime.spawn(stopping).await;
        // What its tasks hold, the log among it, is closed when they are gone.
        let closing = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(CLOSE_WITHIN));
        let _ = closing.await;
    }
}

impl Drop for ClusterNode {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn stopped_by_itself(mut metrics: Metrics, data_directory: &Path) -> Error {
    loop {
        match &metrics.borrow_and_update().running_state {
            Ok(()) => {}
            Err(Fatal::Stopped) => break,
            Err(Fatal::Panicked) => return Error::Stopped("it has panicked".to_owned()),
            Err(Fatal::StorageError(error)) => {
                return Error::Storage {
                    path: data_directory.display().to_string(),
                    message: error.to_string(),
                };
            }
        }
        if metrics.changed().await.is_err() {
            break;
        }
    }
    // Somebody has stopped it.
    std::future::pending().await
}

fn spec(config: &ClusterConfig, node: NodeId, address: &str) -> NodeSpec {
    NodeSpec {
        node,
        name: config.name.clone(),
        control_address: address.to_owned(),
        data_address: config.data_address.clone(),
        can_coordinate: config.can_coordinate,
        can_process: config.can_process,
        can_store_state: config.can_store_state,
        weight: config.weight,
    }
}

async fn open_raft(
    config: &ClusterConfig,
    node: NodeId,
    voters: Voters,
) -> Result<(ConsensusService, watch::Receiver<Arc<ClusterState>>)> {
    let log = LogStore::open(&config.data_directory.join("log"), config.log_sync)?;
    let (machine, state) = StateMachine::open(&config.data_directory)?;
    let election_timeout_ms = u64::try_from(config.election_timeout.as_millis()).unwrap_or(u64::MAX);
    let raft_config = raft_config(&config.cluster, election_timeout_ms, config.snapshot_every)?;
    let raft = ConsensusRaft::new(node, raft_config, voters, log.clone(), machine)
        .await
        .map_err(|error| Error::Stopped(error.to_string()))?;
    Ok((ConsensusService::new(raft, log), state))
}
