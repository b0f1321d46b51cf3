//! Some of the loops of a run, the others of which run in other processes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::checkpointing::segment_options;
use super::edge::RemoteEdges;
use super::graph::{LoopShape, Part};
use super::orders::Orders;
use super::outcome::Ledger;
use super::running::{RunningApp, Shared};
use super::runtime::{Runtime, open};
use super::staff::Staff;
use crate::checkpoint::coordinator::{LoopState, Mailbox, SegmentWriter};
use crate::checkpoint::manifest::Manifest;
use crate::checkpoint::restore::Restored;
use crate::checkpoint::share::{Gathered, Stager};
use crate::checkpoint::{CheckpointConfig, LoopId, ShareReport};
use crate::error::{Error, Result};
use crate::plan::PhysicalPlan;
use crate::state::segment::SegmentRef;
use crate::state::store::CheckpointStore;

/// What one of several processes runs of a plan. All of them make the same plan from the same text, and so number loops and
/// edges alike.
#[derive(Debug)]
pub struct Share {
    /// The generation of the run, as its lead has claimed it.
    pub generation: u64,
    /// The loops that run here, by their places in [`Runtime::loops`].
    pub loops: BTreeSet<LoopId>,
    /// The ways to and from the loops of the others.
    pub edges: Arc<dyn RemoteEdges>,
    /// What the run goes on from.
    pub from: Option<ShareStart>,
}

/// The checkpoint that all processes of a run go on from.
#[derive(Clone)]
pub struct ShareStart {
    /// The store that it is in: the run's own, or that of a savepoint.
    pub store: Arc<dyn CheckpointStore>,
    /// The checkpoint.
    pub manifest: Manifest,
    /// Its state stays where it is, and later checkpoints add to it; otherwise each loop begins with a base of its own.
    pub is_continued: bool,
}

impl fmt::Debug for ShareStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareStart")
            .field("store", &self.store.to_string())
            .field("epoch", &self.manifest.epoch)
            .field("is_continued", &self.is_continued)
            .finish_non_exhaustive()
    }
}

impl ShareStart {
    /// The checkpoint, and by loop what is stored of its state already.
    async fn open(
        &self,
        plan: &PhysicalPlan,
        loops: &[LoopShape],
        checkpoints: &CheckpointConfig,
        tokio: &tokio::runtime::Handle,
    ) -> Result<(Restored, Vec<Vec<SegmentRef>>)> {
        let (manifest, is_drop_allowed) = (self.manifest.clone(), checkpoints.is_drop_allowed);
        let mut restored = Restored::open(&self.store, manifest, plan, is_drop_allowed, tokio).await?;
        let stored = match self.is_continued {
            true => restored
                .go_on(loops)
                .ok_or_else(|| Error::Bug("the run's processes plan different loops".into()))?,
            false => Vec::new(),
        };
        Ok((restored, stored))
    }
}

/// A share that runs.
pub struct RunningShare {
    /// Its loops. Its metrics are those of this process.
    pub app: RunningApp,
    /// Where it is told what to do.
    pub orders: OrderSink,
    /// What it has to tell the lead, in this order. It ends with the run.
    pub reports: UnboundedReceiver<ShareReport>,
}

/// Tells the loops of a share what the lead of the run has ordered.
#[derive(Clone)]
pub struct OrderSink(Arc<Shared>);

impl fmt::Debug for OrderSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OrderSink").finish()
    }
}

impl OrderSink {
    /// Does what is new in these orders. They may come again, and late.
    pub fn obey(&self, orders: Orders) {
        self.0.commander.obey(orders);
        if orders.phase != super::Phase::Running {
            self.0.ends.end_inputs();
        }
    }
}

impl Runtime {
    /// Starts some of the loops, the others of which run in other processes. Checkpoints are taken as
    /// [`RunningShare::orders`] is told; the process that leads the run, [`Runtime::start_lead`], says when.
    ///
    /// **Errors** The run has no store; a source or sink cannot be opened, or the checkpoint not be read. Nothing runs then.
    pub fn start_share(self, share: Share) -> Result<RunningShare> {
        self.check_unlimited()?;
        let checkpoints = self.config.checkpoints.as_ref().ok_or(Error::NoStore)?;
        let (shared, tokio) = self.shared(false)?;
        let (mailbox, inbox) = Mailbox::new();
        let all = self.loops();
        let (subtasks, stored) = open(&tokio, || {
            let from = share.from.as_ref();
            let opened = from.map(|from| tokio.block_on(from.open(&self.plan, &all, checkpoints, &tokio)));
            let (restored, stored) = opened.transpose()?.unzip();
            let here = Part {
                loops: &share.loops,
                edges: share.edges.as_ref(),
            };
            let subtasks = self.build(&shared, &tokio, restored.as_ref(), Some(&mailbox), Some(here))?;
            Ok((subtasks, stored.unwrap_or_default()))
        })?;
        let (reports, said) = unbounded_channel();
        let loops = share.loops.iter().filter_map(|loop_id| {
            let stored = stored.get(*loop_id).cloned().unwrap_or_default();
            Some((*loop_id, LoopState::new(all.get(*loop_id)?.name.clone(), stored)))
        });
        let stager = Stager {
            store: Arc::clone(&checkpoints.store),
            writer: SegmentWriter::new(
                Arc::clone(&checkpoints.store),
                share.generation,
                self.plan.key_groups,
                segment_options(checkpoints),
            ),
            generation: share.generation,
            clock: Arc::clone(&self.config.clock),
            commander: Arc::clone(&shared.commander),
            inbox,
            reports,
            loops: loops.collect(),
            gathered: Gathered::default(),
        };
        drop(mailbox);
        let ledger = Arc::new(Ledger::new(subtasks.len() + 1));
        let staff = Staff {
            shared: &shared,
            ledger: &ledger,
            tokio: &tokio,
        };
        staff.stage(stager);
        subtasks.into_iter().for_each(|subtask| staff.run_loop(subtask));
        let clock = Arc::clone(&self.config.clock);
        let orders = OrderSink(Arc::clone(&shared));
        Ok(RunningShare {
            app: RunningApp::new(shared, ledger, None, clock),
            orders,
            reports: said,
        })
    }
}
