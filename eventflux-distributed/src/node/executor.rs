//! Carries out what the worker decides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::state::segment::Compression;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::Programs;
use super::part::{Apps, Part, PartHandle, PartOrder};
use super::routes::Routes;
use crate::cluster_node::OpenStore;
use crate::coordinator::{NodeId, PipelineId, Report};
use crate::transport::Endpoint;
use crate::worker::{Worker, WorkerCommand, WorkerEvent};

/// What the parts of a node work with.
pub(super) struct Surroundings {
    pub(super) node: NodeId,
    pub(super) name: String,
    pub(super) endpoint: Endpoint,
    pub(super) routes: Arc<Routes>,
    pub(super) programs: Arc<dyn Programs>,
    pub(super) open_store: OpenStore,
    pub(super) compression: Compression,
    pub(super) connections_per_node: usize,
    pub(super) connect_timeout: Duration,
    pub(super) apps: Apps,
    /// Where connections live.
    pub(super) wire: tokio::runtime::Handle,
}

/// A node's worker, and the parts that it runs.
pub(super) struct Executor {
    surroundings: Arc<Surroundings>,
    worker: Worker,
    parts: BTreeMap<PipelineId, PartHandle>,
    /// Parts that were torn down, and may not be over.
    ending: BTreeMap<PipelineId, JoinHandle<()>>,
    reports: UnboundedSender<Report>,
    /// For what happens in parts.
    happened: UnboundedSender<WorkerEvent>,
}

impl Executor {
    /// Also gives the end where it hears of its parts.
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        reports: UnboundedSender<Report>,
    ) -> (Self, UnboundedReceiver<WorkerEvent>) {
        let (happened, heard) = unbounded_channel();
        let executor = Self {
            surroundings,
            worker: Worker::new(),
            parts: BTreeMap::new(),
            ending: BTreeMap::new(),
            reports,
            happened,
        };
        (executor, heard)
    }

    /// Works until the control plane is gone; then everything that runs is given up.
    pub(super) async fn run(
        mut self,
        mut ordered: UnboundedReceiver<WorkerEvent>,
        mut heard: UnboundedReceiver<WorkerEvent>,
    ) {
        loop {
            let event = tokio::select! {
                biased;
                event = ordered.recv() => match event {
                    Some(event) => event,
                    None => break,
                },
                Some(event) = heard.recv() => event,
            };
            for command in self.worker.on_event(event) {
                self.carry_out(command);
            }
        }
        let parts = std::mem::take(&mut self.parts)
            .into_values()
            .map(|part| part.over);
        let ending = std::mem::take(&mut self.ending).into_values();
        for over in parts.chain(ending).collect::<Vec<_>>() {
            // One that panicked is over, too.
            let _ = over.await;
        }
    }

    fn carry_out(&mut self, command: WorkerCommand) {
        match command {
            // Without a control plane nobody hears it.
            WorkerCommand::Report(report) => drop(self.reports.send(report)),
            WorkerCommand::Prepare {
                pipeline,
                generation,
                prepare,
            } => {
                let (orders, ordered) = unbounded_channel();
                let part = Part {
                    surroundings: Arc::clone(&self.surroundings),
                    pipeline,
                    generation,
                    prepare: *prepare,
                    orders: ordered,
                    events: self.happened.clone(),
                };
                let before = self.ending.remove(&pipeline);
                let over = tokio::spawn(part.run(before));
                self.parts.insert(
                    pipeline,
                    PartHandle {
                        generation,
                        orders,
                        over,
                    },
                );
            }
            WorkerCommand::Run { pipeline, generation } => self.order(pipeline, generation, PartOrder::Run),
            WorkerCommand::SendBarrier {
                pipeline,
                generation,
                epoch,
            } => self.order(pipeline, generation, PartOrder::SendBarrier(epoch)),
            WorkerCommand::Deliver {
                pipeline,
                generation,
                epoch,
            } => self.order(pipeline, generation, PartOrder::Committed(epoch)),
            WorkerCommand::LetGo { pipeline, generation } => {
                self.order(pipeline, generation, PartOrder::LetGo)
            }
            // The next barrier has loops leave this one behind.
            WorkerCommand::GiveUp { .. } => {}
            WorkerCommand::TearDown { pipeline, generation } => {
                if let Some(part) = self.parts.remove(&pipeline) {
                    debug_assert_eq!(part.generation, generation);
                    self.ending.insert(pipeline, part.over);
                }
                self.ending.retain(|_, over| !over.is_finished());
            }
        }
    }

    fn order(&self, pipeline: PipelineId, generation: u64, order: PartOrder) {
        if let Some(part) = self.parts.get(&pipeline)
            && part.generation == generation
        {
            // A part that is over has said why.
            let _ = part.orders.send(order);
        }
    }
}
