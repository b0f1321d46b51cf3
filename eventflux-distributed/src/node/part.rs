//! A node's part of one generation of a pipeline: planned, connected, restored, run, torn down.

use std::sync::Arc;
use std::time::Duration;

use eventflux_core::checkpoint::manifest::{Manifest, ManifestLog};
use eventflux_core::checkpoint::{CheckpointConfig, ShareReport, StagedPart};
use eventflux_core::runtime::{PreparedShare, RunningApp, RunningShare, Runtime, Share};
use eventflux_core::state::store::CheckpointStore;
use eventflux_core::{Error, ErrorKind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::executor::Surroundings;
use super::loop_placement::LoopPlacement;
use super::peers::Peers;
use super::programs::{ProgramError, ProgramRun};
use crate::coordinator::{Committed, Failure, NodeId, PartContent, PipelineId, Prepare};
use crate::transport::{ConnectedEdges, Session, TransportError};
use crate::worker::WorkerEvent;

/// A part of an earlier generation that does not end within this time is left behind.
const LET_GO_WITHIN: Duration = Duration::from_secs(10);

/// What a part is told; when nobody can tell it anything any more it gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartOrder {
    /// Begin to read.
    Run,
    /// Sources send the barrier of this epoch.
    SendBarrier(u64),
    /// This epoch is committed and published.
    Committed(u64),
    /// Loops may end.
    LetGo,
}

/// The end that gives orders to a part. Dropped, the part gives up.
#[derive(Debug)]
pub(super) struct PartHandle {
    pub(super) generation: u64,
    pub(super) orders: UnboundedSender<PartOrder>,
    pub(super) over: JoinHandle<()>,
}

/// A part.
pub(super) struct Part {
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) pipeline: PipelineId,
    pub(super) generation: u64,
    pub(super) prepare: Prepare,
    pub(super) orders: UnboundedReceiver<PartOrder>,
    /// Where it says what has happened.
    pub(super) events: UnboundedSender<WorkerEvent>,
}

/// Why a part cannot go on.
#[derive(Debug, thiserror::Error)]
enum PartError {
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error(transparent)]
    Engine(#[from] Error),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{0}")]
    Refused(String),
}

impl PartError {
    /// Whether trying again would not help.
    fn is_final(&self) -> bool {
        match self {
            Self::Program(ProgramError::Engine(error)) | Self::Engine(error) => is_final(error),
            Self::Program(_) | Self::Refused(_) => true,
            Self::Transport(error) => {
                matches!(error, TransportError::Refused { refusal, .. } if !refusal.is_passing)
            }
        }
    }
}

fn is_final(error: &Error) -> bool {
    match error {
        Error::Cancelled { .. } => false,
        // The row comes again.
        Error::BadRow { .. } => true,
        other => matches!(other.kind(), ErrorKind::Input | ErrorKind::Bug),
    }
}

/// Everything of a part but its loops.
struct Connected {
    runtime: Runtime,
    placement: Arc<LoopPlacement>,
    place: usize,
    edges: Arc<ConnectedEdges>,
    from: Option<Manifest>,
}

impl Part {
    /// From the beginning to the end; the part before has to be over first.
    pub(super) async fn run(mut self, before: Option<JoinHandle<()>>) {
        if let Some(before) = before
            && tokio::time::timeout(LET_GO_WITHIN, before).await.is_err()
        {
            tracing::warn!(
                pipeline = self.prepare.spec.name,
                "the part of an earlier generation does not end; this one begins without it"
            );
        }
        let session = self.session();
        if let Err(error) = self.work().await {
            let failure = Failure {
                message: format!("node `{}`: {error}", self.surroundings.name),
                is_final: error.is_final(),
            };
            tracing::warn!(
                pipeline = self.prepare.spec.name,
                generation = self.generation,
                "the part of this node has failed: {error}"
            );
            self.tell(WorkerEvent::Failed {
                pipeline: self.pipeline,
                generation: self.generation,
                failure,
            });
        }
        self.surroundings.routes.close(&session.pipeline, self.generation);
        self.surroundings.apps.remove(self.pipeline, self.generation);
    }

    fn session(&self) -> Session {
        Session {
            pipeline: self.pipeline.to_string(),
            generation: self.generation,
        }
    }

    fn tell(&self, event: WorkerEvent) {
        // Without an executor the node is stopping.
        let _ = self.events.send(event);
    }

    async fn work(&mut self) -> Result<(), PartError> {
        let wire = self.surroundings.wire.clone();
        let Some(connected) = self.unless_given_up(Self::connect).await.transpose()? else {
            return Ok(());
        };
        let (name, generation) = (&self.prepare.spec.name, self.generation);
        tracing::debug!(
            pipeline = name,
            generation,
            "planned, and connected to all others"
        );
        let edges = Arc::clone(&connected.edges);
        let result = self.live(connected).await;
        match &result {
            // Other nodes may still read what was sent.
            Ok(true) => {
                let closing = Arc::clone(&edges);
                let _ = wire.spawn(async move { closing.close().await }).await;
            }
            Ok(false) => edges.abort("the generation is over"),
            Err(error) => edges.abort(&error.to_string()),
        }
        result.map(drop)
    }

    /// Does something that takes time, unless the part is given up meanwhile.
    async fn unless_given_up<T>(
        &mut self,
        work: impl AsyncFnOnce(&Self) -> Result<T, PartError>,
    ) -> Option<Result<T, PartError>> {
        let (_, none) = tokio::sync::mpsc::unbounded_channel();
        // Nothing is ordered before it is prepared: what comes is the end.
        let mut orders = std::mem::replace(&mut self.orders, none);
        let done = tokio::select! {
            biased;
            order = orders.recv() => order.map(|order| Err(Error::Bug(format!("{order:?} before it is prepared")).into())),
            done = work(self) => Some(done),
        };
        self.orders = orders;
        done
    }

    /// Plans the text, reads what to go on from, and connects to all others.
    async fn connect(&self) -> Result<Connected, PartError> {
        let Prepare {
            spec,
            assignment,
            restore,
        } = &self.prepare;
        let place = self.place(self.surroundings.node)?;
        self.surroundings
            .endpoint
            .set_incarnation(assignment.placements[place].incarnation);
        let (open_store, opened) = (Arc::clone(&self.surroundings.open_store), spec.clone());
        let opening = spawn_blocking(move || open_store(&opened));
        let store = opening.await.map_err(panicked)??;
        let from = self.restored(&store, restore).await?;
        let run = ProgramRun {
            checkpoints: CheckpointConfig {
                app: spec.name.clone(),
                compression: self.surroundings.compression,
                ..CheckpointConfig::new(store)
            },
            key_group_map: assignment.key_group_map()?,
        };
        let (programs, planned) = (Arc::clone(&self.surroundings.programs), spec.clone());
        let planning = spawn_blocking(move || programs.runtime(&planned, run));
        let runtime = planning.await.map_err(panicked)??;
        if runtime.plan_identity().fingerprint != spec.plan_fingerprint {
            return Err(PartError::Refused(
                "it plans the text differently from the node where it was submitted: all nodes have to run the same version"
                    .into(),
            ));
        }
        let placement = Arc::new(LoopPlacement::new(runtime.wiring(), assignment, spec.home));
        let edges = ConnectedEdges::new(Arc::clone(&placement) as _, self.surroundings.wire.clone());
        let session = self.session();
        let arrived =
            self.surroundings
                .routes
                .open(&session.pipeline, session.generation, assignment, &edges);
        let peers = Peers {
            endpoint: &self.surroundings.endpoint,
            session,
            assignment,
            place,
            connections_per_node: self.surroundings.connections_per_node,
            connect_timeout: self.surroundings.connect_timeout,
            wire: &self.surroundings.wire,
        };
        if let Err(error) = peers.connect(&edges, arrived).await {
            edges.abort(&error.to_string());
            return Err(error.into());
        }
        Ok(Connected {
            runtime,
            placement,
            place,
            edges,
            from,
        })
    }

    fn place(&self, node: NodeId) -> Result<usize, PartError> {
        let placements = &self.prepare.assignment.placements;
        let place = placements.iter().position(|placement| placement.node == node);
        place.ok_or_else(|| {
            PartError::Engine(Error::Bug("a part of a pipeline that is placed elsewhere".into()))
        })
    }

    /// The manifest that all nodes go on from. Everyone sees the state of the others, or nobody begins.
    async fn restored(
        &self,
        store: &Arc<dyn CheckpointStore>,
        committed: &Committed,
    ) -> Result<Option<Manifest>, PartError> {
        let log = ManifestLog::new(Arc::clone(store));
        let spec = &self.prepare.spec;
        let known = log.app_id().await?;
        if known.as_deref() != Some(spec.app_id.as_str()) {
            return Err(PartError::Refused(format!(
                "the state of `{}` is not in {store}: all nodes need a store that all of them see, such as a shared directory, Redis or \
                 an object store",
                spec.name
            )));
        }
        match committed.epoch {
            0 => Ok(None),
            epoch => Ok(Some(log.of_epoch(epoch).await?)),
        }
    }

    /// Restores and runs. Whether it came to its end, or was given up.
    async fn live(&mut self, connected: Connected) -> Result<bool, PartError> {
        let Connected {
            runtime,
            placement,
            place,
            edges,
            from,
        } = connected;
        let share = Share {
            generation: self.generation,
            app_id: self.prepare.spec.app_id.clone(),
            loops: placement.loops_of(place),
            edges: edges as _,
            from,
        };
        let preparing = spawn_blocking(move || runtime.prepare_share(share));
        let prepared = preparing.await.map_err(panicked)??;
        let (name, generation) = (&self.prepare.spec.name, self.generation);
        tracing::debug!(pipeline = name, generation, "restored");
        self.tell(self.prepared(&prepared));
        match self.orders.recv().await {
            Some(PartOrder::Run) => {}
            Some(order) => return Err(Error::Bug(format!("{order:?} before it runs")).into()),
            None => return Ok(false),
        }
        let RunningShare {
            app,
            orders,
            mut reports,
        } = prepared.run();
        let app = Arc::new(app);
        self.surroundings
            .apps
            .add(self.pipeline, self.generation, &self.prepare.spec.name, &app);
        let over = over(&app);
        tokio::pin!(over);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(PartOrder::Run) => {}
                    Some(PartOrder::SendBarrier(epoch)) => orders.send_barrier(epoch),
                    Some(PartOrder::Committed(epoch)) => orders.committed(epoch),
                    Some(PartOrder::LetGo) => orders.let_go(),
                    None => {
                        // What is left behind has ended when the next generation begins here.
                        app.abort();
                        let ended = over.await;
                        return match ended {
                            Ok(true) => Ok(true),
                            _ => Ok(false),
                        };
                    }
                },
                Some(report) = reports.recv() => self.report(report, &placement),
                ended = &mut over => return Ok(ended?),
            }
        }
    }

    fn prepared(&self, share: &PreparedShare) -> WorkerEvent {
        let number = |loop_id: &usize| u32::try_from(*loop_id).unwrap_or(u32::MAX);
        WorkerEvent::Prepared {
            pipeline: self.pipeline,
            generation: self.generation,
            loop_count: number(&share.loop_count()),
            reading: share.reading().iter().map(number).collect(),
            sinks: share.sinks().to_vec(),
        }
    }

    fn report(&self, report: ShareReport, placement: &LoopPlacement) {
        let (pipeline, generation) = (self.pipeline, self.generation);
        let number = |loop_id: usize| u32::try_from(loop_id).unwrap_or(u32::MAX);
        self.tell(match report {
            ShareReport::Staged(StagedPart {
                epoch,
                loop_id,
                segments,
                sources,
                times,
                notes,
                new_bytes: _,
            }) => WorkerEvent::Stored {
                pipeline,
                generation,
                epoch,
                loop_id: number(loop_id),
                content: PartContent {
                    operators: placement.operators(loop_id),
                    segments,
                    notes,
                    sources,
                    times,
                },
            },
            ShareReport::InputEnded { loop_id } => WorkerEvent::InputEnded {
                pipeline,
                generation,
                loop_id: number(loop_id),
            },
            ShareReport::Delivered { epoch } => WorkerEvent::Delivered {
                pipeline,
                generation,
                epoch,
            },
        });
    }
}

/// Waits for the end of a run: whether it came to it by itself.
async fn over(app: &Arc<RunningApp>) -> Result<bool, Error> {
    let app = Arc::clone(app);
    let summary = app.wait_async().await?;
    Ok(summary.end != eventflux_core::runtime::RunEnd::Aborted)
}

fn panicked(error: tokio::task::JoinError) -> PartError {
    PartError::Engine(Error::Bug(format!("a node's part has panicked: {error}")))
}

/// The runs of this node whose metrics are to be had.
#[derive(Debug, Default, Clone)]
pub(super) struct Apps(Arc<watch::Sender<Vec<Running>>>);

/// A run of this node.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) pipeline: PipelineId,
    pub(super) generation: u64,
    pub(super) name: String,
    pub(super) app: Arc<RunningApp>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in generation {}", self.name, self.generation)
    }
}

impl Apps {
    fn add(&self, pipeline: PipelineId, generation: u64, name: &str, app: &Arc<RunningApp>) {
        let running = Running {
            pipeline,
            generation,
            name: name.to_owned(),
            app: Arc::clone(app),
        };
        self.0.send_modify(|apps| apps.push(running));
    }

    fn remove(&self, pipeline: PipelineId, generation: u64) {
        let is_other = |app: &Running| (app.pipeline, app.generation) != (pipeline, generation);
        self.0.send_modify(|apps| apps.retain(is_other));
    }

    /// Those of this moment.
    pub(super) fn now(&self) -> Vec<Running> {
        self.0.borrow().clone()
    }
}
