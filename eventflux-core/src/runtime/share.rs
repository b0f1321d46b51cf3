//! Some of the loops of a run, the others of which run in other processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::checkpointing::segment_options;
use super::committers::{Output, open_committers};
use super::edge::RemoteEdges;
use super::graph::{LoopShape, Part};
use super::outcome::Ledger;
use super::running::{RunningApp, Shared};
use super::runtime::{Runtime, open};
use super::staff::Staff;
use super::subtask::Subtask;
use crate::checkpoint::coordinator::{Delivered, Delivery, LoopState, Mailbox, SegmentWriter};
use crate::checkpoint::manifest::Manifest;
use crate::checkpoint::restore::Restored;
use crate::checkpoint::share::{Deliverer, Gathered, SinkDelivery, Stager};
use crate::checkpoint::{CheckpointConfig, LoopId, ShareReport};
use crate::connector::CommitContext;
use crate::element::Barrier;
use crate::error::{Error, Result};
use crate::time::Clock;

/// What one of several processes runs of a plan. All of them make the same plan from the same text, and so number loops and
/// edges alike.
#[derive(Debug)]
pub struct Share {
    /// The generation of the run: of two runs of the same state, that of the later one is larger.
    pub generation: u64,
    /// The state's own id, the same over all generations: sinks mark with it what they have written.
    pub app_id: String,
    /// The loops that run here, by their places in [`Runtime::loops`].
    pub loops: BTreeSet<LoopId>,
    /// The ways to and from the loops of the others.
    pub edges: Arc<dyn RemoteEdges>,
    /// The checkpoint, in the run's own store, that all processes go on from.
    pub from: Option<Manifest>,
}

/// A share that is restored and connected, and does not read yet.
pub struct PreparedShare {
    subtasks: Vec<Subtask>,
    stager: Stager,
    deliverer: Deliverer,
    reports: UnboundedReceiver<ShareReport>,
    shared: Arc<Shared>,
    tokio: tokio::runtime::Handle,
    clock: Arc<dyn Clock>,
    generation: u64,
    reading: Vec<LoopId>,
    sinks: Vec<String>,
}

impl fmt::Debug for PreparedShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedShare")
            .field("generation", &self.generation)
            .field("reading", &self.reading)
            .field("sinks", &self.sinks)
            .finish_non_exhaustive()
    }
}

/// A share that runs.
pub struct RunningShare {
    /// Its loops. Its metrics are those of this process.
    pub app: RunningApp,
    /// Where it is told what to do.
    pub orders: ShareOrders,
    /// What it has to tell, in this order. It ends with the run.
    pub reports: UnboundedReceiver<ShareReport>,
}

/// Tells the loops of a share what whoever coordinates the run has ordered. Orders may come again, and late.
#[derive(Clone)]
pub struct ShareOrders {
    shared: Arc<Shared>,
    generation: u64,
}

impl fmt::Debug for ShareOrders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareOrders")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl ShareOrders {
    /// Sources send the barrier of an epoch. Epochs before it that are not committed are given up: what belongs to them becomes part of
    /// this one.
    pub fn send_barrier(&self, epoch: u64) {
        let generation = self.generation;
        self.shared.commander.ask_barrier(Barrier { generation, epoch });
    }

    /// An epoch is committed, and its manifest published: sinks of this process that commit make it visible, sources are told.
    pub fn committed(&self, epoch: u64) {
        self.shared.commander.committed(epoch);
    }

    /// Everything that was read is committed and visible: loops may end.
    pub fn let_go(&self) {
        self.shared.commander.let_go();
    }
}

impl Runtime {
    /// Restores some of the loops, the others of which run in other processes, opens their sources and sinks, repeats the commits of
    /// the checkpoint for those sinks whose first subtask is among them, and connects the loops with the others.
    ///
    /// **Errors** The run has no store; a source or sink cannot be opened, or the checkpoint not be read. Nothing is left open then.
    pub fn prepare_share(self, share: Share) -> Result<PreparedShare> {
        self.check_unlimited()?;
        let checkpoints = self.config.checkpoints.as_ref().ok_or(Error::NoStore)?;
        let (shared, tokio) = self.shared(false)?;
        let (mailbox, inbox) = Mailbox::new();
        let (told, delivered) = unbounded_channel();
        let all = self.loops();
        let restored_epoch = share.from.as_ref().map_or(0, |from| from.epoch);
        let (subtasks, sinks) = open(&tokio, || {
            let restored = share
                .from
                .clone()
                .map(|from| tokio.block_on(restore(from, &self, checkpoints, &tokio)))
                .transpose()?;
            let sinks = self.open_deliveries(&share, &all, restored.as_ref(), &told, &tokio)?;
            let here = Part {
                loops: &share.loops,
                edges: share.edges.as_ref(),
            };
            let subtasks = self.build(&shared, &tokio, restored.as_ref(), Some(&mailbox), Some(here))?;
            Ok((subtasks, sinks))
        })?;
        let (reports, said) = unbounded_channel();
        let own = || {
            let shape = |loop_id: &LoopId| Some((*loop_id, all.get(*loop_id)?));
            share.loops.iter().filter_map(shape)
        };
        let store = &checkpoints.store;
        let stager = Stager {
            store: Arc::clone(store),
            writer: SegmentWriter::new(
                Arc::clone(store),
                share.generation,
                self.plan.key_groups,
                segment_options(checkpoints),
            ),
            generation: share.generation,
            clock: Arc::clone(&self.config.clock),
            commander: Arc::clone(&shared.commander),
            inbox,
            reports: reports.clone(),
            loops: own()
                .map(|(loop_id, shape)| (loop_id, LoopState::new(shape.name.clone(), Vec::new())))
                .collect(),
            gathered: Gathered::default(),
        };
        let sink_ids = sinks.keys().cloned().collect();
        let deliverer = Deliverer {
            store: Arc::clone(store),
            generation: share.generation,
            clock: Arc::clone(&self.config.clock),
            commander: Arc::clone(&shared.commander),
            troubles: Arc::clone(&shared.troubles),
            reports,
            sinks,
            delivered,
            handed_epoch: restored_epoch,
            told_epoch: restored_epoch,
        };
        let reading = own().filter(|(_, shape)| shape.is_origin);
        Ok(PreparedShare {
            subtasks,
            stager,
            deliverer,
            reports: said,
            reading: reading.map(|(loop_id, _)| loop_id).collect(),
            sinks: sink_ids,
            shared,
            tokio,
            clock: Arc::clone(&self.config.clock),
            generation: share.generation,
        })
    }

    /// Opens what commits here, and repeats the commits of the checkpoint.
    fn open_deliveries(
        &self,
        share: &Share,
        loops: &[LoopShape],
        restored: Option<&Restored>,
        told: &UnboundedSender<Delivered>,
        tokio: &tokio::runtime::Handle,
    ) -> Result<BTreeMap<String, SinkDelivery>> {
        let mut outputs = Vec::new();
        for (node, exactly_once) in self.ends().exactly_once() {
            let operator_id = self.plan.node(node).operator_id.as_str();
            let is_first = |shape: &LoopShape| shape.subtask == 0 && shape.operators.contains(operator_id);
            if !loops
                .iter()
                .position(is_first)
                .is_some_and(|loop_id| share.loops.contains(&loop_id))
            {
                continue;
            }
            let kept = restored.filter(|restored| restored.is_kept(operator_id));
            let notes = kept.map(|restored| tokio.block_on(restored.notes_of(operator_id)));
            outputs.push(Output {
                operator_id,
                exactly_once,
                context: CommitContext {
                    app_id: share.app_id.clone(),
                    generation: share.generation,
                    restored_epoch: kept.map(|restored| restored.manifest().epoch),
                    clock: Arc::clone(&self.config.clock),
                    tokio: tokio.clone(),
                },
                notes: notes.transpose()?.unwrap_or_default(),
            });
        }
        let epoch = share.from.as_ref().map_or(0, |from| from.epoch);
        let mut sinks = BTreeMap::new();
        for (operator_id, committer) in open_committers(outputs)? {
            let clock = Arc::clone(&self.config.clock);
            let sink = SinkDelivery {
                delivery: Delivery::start(operator_id, committer, clock, tokio, told.clone())?,
                sent_epoch: epoch,
                visible_epoch: epoch,
            };
            sinks.insert(operator_id.to_owned(), sink);
        }
        Ok(sinks)
    }
}

async fn restore(
    from: Manifest,
    runtime: &Runtime,
    checkpoints: &CheckpointConfig,
    tokio: &tokio::runtime::Handle,
) -> Result<Restored> {
    let is_drop_allowed = checkpoints.is_drop_allowed;
    Restored::open(&checkpoints.store, from, &runtime.plan, is_drop_allowed, tokio).await
}

impl PreparedShare {
    /// Those of its loops that read.
    pub fn reading(&self) -> &[LoopId] {
        &self.reading
    }

    /// The operators of the sinks that commit here.
    pub fn sinks(&self) -> &[String] {
        &self.sinks
    }

    /// How many loops it has.
    pub fn loop_count(&self) -> usize {
        self.subtasks.len()
    }

    /// Begins to read.
    pub fn run(self) -> RunningShare {
        let ledger = Arc::new(Ledger::new(self.subtasks.len() + 2));
        let staff = Staff {
            shared: &self.shared,
            ledger: &ledger,
            tokio: &self.tokio,
        };
        staff.stage(self.stager);
        staff.deliver(self.deliverer);
        self.subtasks
            .into_iter()
            .for_each(|subtask| staff.run_loop(subtask));
        RunningShare {
            orders: ShareOrders {
                shared: Arc::clone(&self.shared),
                generation: self.generation,
            },
            app: RunningApp::new(self.shared, ledger, None, self.clock),
            reports: self.reports,
        }
    }
}
