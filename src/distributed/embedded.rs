//! A pipeline of a cluster, of which this process is the home.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eventflux_core::Error;
use eventflux_core::metrics::MetricsSnapshot;
use eventflux_core::runtime::{Input, RunEnd};
use eventflux_distributed::cluster_node::Contact;
use eventflux_distributed::node::{Node, Submission};
use eventflux_sql::CompiledApp;
use tokio::sync::watch;

use super::DistributedError;
use super::data_directory::OwnDirectory;
use super::home_programs::HomePrograms;
use super::node_settings::NodeSettings;
use super::pipeline::{End, Followed, OwnPipeline};
use super::threads::Threads;
use crate::app_runtime::{STREAM_BYTES_MAX, find, unknown};
use crate::output::Output;
use crate::{AppError, InputHandler, RowStream};

/// The others are told within this time that the node stops, or find out.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);

/// What it is made of.
pub(super) struct EmbeddedParts {
    pub(super) node: NodeSettings,
    pub(super) join_timeout: Duration,
    pub(super) app: CompiledApp,
    /// All sources with connectors end by themselves.
    pub(super) is_bounded: bool,
    pub(super) programs: Arc<HomePrograms>,
    pub(super) submission: Submission,
}

/// A pipeline and its home.
///
/// ```text
/// built ──start()──► running ──finish(), shutdown(), the inputs end──► over: the pipeline is taken from the cluster, the node stops
///                       └── abort(), drop: the node stops, the pipeline stays
/// ```
pub(super) struct Embedded {
    parts: EmbeddedParts,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    state: Mutex<State>,
}

enum State {
    Built,
    Started(Arc<Running>),
    /// The node could not be started, or did not become part of the cluster.
    Unusable,
}

/// The order of the fields is that in which they are given up.
struct Running {
    node: Arc<Mutex<Option<Node>>>,
    pipeline: OwnPipeline,
    end: watch::Receiver<Option<End>>,
    stop: watch::Sender<bool>,
    threads: Threads,
    _data: Arc<OwnDirectory>,
}

impl Embedded {
    pub(super) fn new(parts: EmbeddedParts) -> Self {
        let (app, ends) = (&parts.app, &parts.programs.ends);
        let outputs = app.outputs.iter().filter_map(|info| {
            let outlet = ends.outlet(&info.stream)?.clone();
            Some(Output::new(&app.plan, info.clone(), outlet))
        });
        Self {
            inputs: ends.inputs().cloned().collect(),
            outputs: outputs.collect(),
            state: Mutex::new(State::Built),
            parts,
        }
    }

    pub(super) fn app(&self) -> &CompiledApp {
        &self.parts.app
    }

    pub(super) fn input_handler(&self, stream: &str) -> Result<InputHandler, AppError> {
        let found = find(&self.inputs, stream, Input::stream);
        let input = found.ok_or_else(|| unknown("input", stream, self.inputs.iter().map(Input::stream)))?;
        Ok(InputHandler::new(input.clone()))
    }

    pub(super) fn output(&self, stream: &str) -> Result<&Output, AppError> {
        let found = find(&self.outputs, stream, Output::stream);
        let output =
            found.ok_or_else(|| unknown("output", stream, self.outputs.iter().map(Output::stream)))?;
        let is_started = !matches!(&*self.lock(), State::Built);
        if is_started && !is_wanted(output) {
            return Err(AppError::TooLate {
                name: output.stream().to_owned(),
            });
        }
        Ok(output)
    }

    pub(super) fn output_stream(&self, stream: &str) -> Result<RowStream, AppError> {
        let outlet = &self.output(stream)?.outlet;
        Ok(RowStream::new(outlet.open_stream(STREAM_BYTES_MAX)))
    }

    pub(super) fn start(&self) -> Result<(), DistributedError> {
        let mut state = self.lock();
        if !matches!(&*state, State::Built) {
            return Err(AppError::Started.into());
        }
        *state = State::Unusable;
        let begun = self.begin();
        if begun.is_err() {
            self.end();
        }
        *state = State::Started(Arc::new(begun?));
        Ok(())
    }

    fn begin(&self) -> Result<Running, DistributedError> {
        let parts = &self.parts;
        let data = OwnDirectory::open(&parts.node.cluster.data_directory)?;
        let threads = Threads::start()?;
        let outputs = self.outputs.iter().filter(|output| is_wanted(output));
        let outputs = outputs.map(|output| output.stream().to_owned()).collect();
        let mut settings = parts.node.clone();
        let is_free = settings.cluster.listen.port() == 0;
        settings.cluster.listen = data.listen(settings.cluster.listen);
        let data = Arc::new(data);
        let entering = enter(
            settings,
            is_free.then(|| Arc::clone(&data)),
            parts.join_timeout,
            Arc::clone(&parts.programs),
            parts.submission.clone(),
            outputs,
        );
        let (node, pipeline) = threads.run(entering)??;
        let (told, end) = watch::channel(None);
        let (stop, stopping) = watch::channel(false);
        let followed = Followed {
            pipeline: pipeline.clone(),
            state: parts.node.cluster.can_coordinate.then(|| node.cluster().state()),
            stopping,
            failure: Box::pin(node.cluster().failure()),
            ends: Arc::clone(&parts.programs.ends),
            told,
        };
        threads.spawn(followed.follow());
        Ok(Running {
            node: Arc::new(Mutex::new(Some(node))),
            pipeline,
            end,
            stop,
            threads,
            _data: data,
        })
    }

    pub(super) fn finish(&self) -> Result<RunEnd, DistributedError> {
        let running = self.running()?;
        if !self.parts.is_bounded {
            return Err(DistributedError::Configuration(
                "on a cluster, `finish` waits for sources with connectors to end, and one of them does not end by itself: use `shutdown`".into(),
            ));
        }
        self.parts.programs.ends.end_inputs();
        self.wait_for(&running)
    }

    pub(super) fn shutdown(&self) -> Result<RunEnd, DistributedError> {
        let running = self.running()?;
        let ends = &self.parts.programs.ends;
        ends.close_inputs();
        // A pipeline that stops before all nodes run it takes no checkpoint, and nobody else has these rows.
        if ends.hold_rows() {
            let saved = running.unless_over(running.persisted());
            running.threads.run(saved)??;
        }
        running.stop.send_replace(true);
        let pipeline = running.pipeline.clone();
        let stopped = running.unless_over(async move { pipeline.stop().await });
        running.threads.run(stopped)??;
        self.wait_for(&running)
    }

    pub(super) fn persist_state(&self) -> Result<u64, DistributedError> {
        let running = self.running()?;
        running.threads.run(running.persisted())?
    }

    pub(super) async fn persist_state_async(&self) -> Result<u64, DistributedError> {
        let running = self.running()?;
        let persisted = running.threads.spawn(running.persisted());
        persisted.await.map_err(|error| Error::Bug(error.to_string()))?
    }

    pub(super) fn wait(&self) -> Result<RunEnd, DistributedError> {
        self.wait_for(&*self.running()?)
    }

    fn wait_for(&self, running: &Running) -> Result<RunEnd, DistributedError> {
        let over = running.over();
        running.threads.run(over)?
    }

    pub(super) async fn wait_async(&self) -> Result<RunEnd, DistributedError> {
        let running = self.running()?;
        let over = running.threads.spawn(running.over());
        over.await.map_err(|error| Error::Bug(error.to_string()))?
    }

    pub(super) fn abort(&self) {
        let Ok(running) = self.running() else {
            return;
        };
        self.parts.programs.ends.close_inputs();
        // Not while it is locked: whoever waits for the end looks for the node on the thread that stops it.
        let node = lock(&running.node).take();
        if let Some(node) = node {
            // Its own threads have nothing to do any more, or are given up.
            let _ = running.threads.run(node.stop());
        }
        self.end();
    }

    /// Nobody waits for it any more.
    fn end(&self) {
        self.parts.programs.ends.close_inputs();
        self.parts.programs.ends.end_outputs();
    }

    pub(super) fn metrics(&self) -> MetricsSnapshot {
        let Ok(running) = self.running() else {
            return MetricsSnapshot::default();
        };
        let node = lock(&running.node);
        let metrics = node.iter().flat_map(Node::metrics);
        let name = &self.parts.submission.name;
        let mut own = metrics
            .filter(|(pipeline, _)| pipeline == name)
            .map(|(_, metrics)| metrics);
        own.next().unwrap_or_default()
    }

    fn running(&self) -> Result<Arc<Running>, AppError> {
        match &*self.lock() {
            State::Started(running) => Ok(Arc::clone(running)),
            State::Built | State::Unusable => Err(AppError::NotStarted),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Whoever comes next may have its data directory, and listen where it did.
        self.abort();
        self.end();
    }
}

impl Running {
    /// A checkpoint that begins now, unless the pipeline or the node ends.
    fn persisted(&self) -> impl Future<Output = Result<u64, DistributedError>> + Send + 'static {
        let (pipeline, mut end) = (self.pipeline.clone(), self.end.clone());
        let contact = lock(&self.node).as_ref().map(|node| node.cluster().contact());
        async move {
            let closed = async {
                if let Some(mut contact) = contact {
                    // Until the node is gone, which says nothing any more.
                    let _ = contact.wait_for(|_| false).await;
                }
            };
            tokio::select! {
                biased;
                _ = end.wait_for(Option::is_some) => {}
                () = closed => {}
                persisted = pipeline.persist() => return persisted,
            }
            let subtask = "the checkpoint".to_owned();
            Err(Error::Cancelled { subtask }.into())
        }
    }

    /// Asks the cluster for something that it refuses, or does not do, once the pipeline is over; then it is not wanted any more.
    fn unless_over<T>(
        &self,
        asked: impl Future<Output = Result<T, DistributedError>> + Send + 'static,
    ) -> impl Future<Output = Result<(), DistributedError>> + Send + 'static {
        let (pipeline, mut end) = (self.pipeline.clone(), self.end.clone());
        async move {
            if end.borrow().is_some() {
                return Ok(());
            }
            let error = match asked.await {
                Err(error) if end.borrow().is_none() => error,
                _ => return Ok(()),
            };
            if !pipeline.is_over().await {
                return Err(error);
            }
            // This node hears it, too.
            let _ = end.wait_for(Option::is_some).await;
            Ok(())
        }
    }

    /// Waits for the end of the pipeline, takes it from the cluster, and stops the node.
    fn over(&self) -> impl Future<Output = Result<RunEnd, DistributedError>> + Send + 'static {
        let (mut end, node, pipeline) = (self.end.clone(), Arc::clone(&self.node), self.pipeline.clone());
        async move {
            let ended = end.wait_for(Option::is_some).await;
            let ended = ended.map_or(None, |ended| ended.clone());
            let name = pipeline.name.clone();
            let run_end = match ended {
                Some(End::Finished) => RunEnd::InputEnded,
                Some(End::Stopped) => RunEnd::Stopped,
                Some(End::Failed(message)) => return Err(DistributedError::Failed { name, message }),
                Some(End::Removed) => return Err(DistributedError::Removed { name }),
                Some(End::NodeFailed(message)) => {
                    let node = lock(&node).take();
                    if let Some(node) = node {
                        node.stop().await;
                    }
                    return Err(eventflux_distributed::Error::Stopped(message).into());
                }
                // Nobody follows it any more.
                None => return Ok(RunEnd::Aborted),
            };
            let node = lock(&node).take();
            if let Some(node) = node {
                pipeline.retire().await?;
                // Whoever does not hear it finds out.
                let _ = node.cluster().say_goodbye(GOODBYE_WITHIN).await;
                node.stop().await;
            }
            Ok(run_end)
        }
    }
}

/// Starts a node, waits until it is part of its cluster, and gives the cluster the pipeline.
///
/// `free`: it may choose its port, which is kept there.
async fn enter(
    settings: NodeSettings,
    free: Option<Arc<OwnDirectory>>,
    join_timeout: Duration,
    programs: Arc<HomePrograms>,
    submission: Submission,
    outputs: Vec<String>,
) -> Result<(Node, OwnPipeline), DistributedError> {
    let cluster = settings.cluster.cluster.clone();
    let listen = settings.cluster.listen;
    let node = Node::start(settings.with(Arc::clone(&programs) as _)).await?;
    if let Some(data) = free
        && listen.port() == 0
    {
        let port = node
            .cluster()
            .address()
            .rsplit_once(':')
            .map_or("0", |(_, port)| port);
        data.remember(&format!("{}:{port}", listen.ip()))?;
    }
    match hand_over(&node, &cluster, join_timeout, &programs, submission, outputs).await {
        Ok(pipeline) => Ok((node, pipeline)),
        Err(error) => {
            // It may be tried again at once.
            node.stop().await;
            Err(error)
        }
    }
}

/// Waits until a node is part of its cluster, and gives the cluster the pipeline.
async fn hand_over(
    node: &Node,
    cluster: &str,
    join_timeout: Duration,
    programs: &HomePrograms,
    submission: Submission,
    outputs: Vec<String>,
) -> Result<OwnPipeline, DistributedError> {
    let id = node.cluster().id();
    let _ = programs.node.set(id);
    join(node, cluster, join_timeout).await?;
    let mut pipeline = OwnPipeline {
        id: 0,
        name: submission.name.clone(),
        client: node.cluster().client().apart(),
    };
    pipeline.clear(id).await?;
    programs.is_own.store(true, Ordering::Release);
    pipeline.id = node.submit_at_home(submission, outputs).await?;
    Ok(pipeline)
}

async fn join(node: &Node, cluster: &str, patience: Duration) -> Result<(), DistributedError> {
    let mut contact = node.cluster().contact();
    let connected = contact.wait_for(|contact| matches!(contact, Contact::Connected { .. }));
    if let Ok(Ok(_)) = tokio::time::timeout(patience, connected).await {
        return Ok(());
    }
    let problem = node.cluster().problem().borrow().clone();
    let obstacle = contact.borrow().obstacle().map(str::to_owned);
    Err(DistributedError::NotJoined {
        node: node.cluster().name().to_owned(),
        cluster: cluster.to_owned(),
        waited_s: patience.as_secs(),
        obstacle: problem.or(obstacle).unwrap_or_default(),
    })
}

/// Whether the rows of an output come to this process.
fn is_wanted(output: &Output) -> bool {
    !output.is_tap || output.outlet.has_readers()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
