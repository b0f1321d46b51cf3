//! A plan that is ready to run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use super::checkpointing::Checkpointing;
use super::config::RuntimeConfig;
use super::ends::{Ends, OpenEnds};
use super::graph::{Builder, Layout, LoopShape, MakeOperator, Part, Wiring};
use super::in_process::{Input, Outlet};
use super::memory::Memory;
use super::meter::Meter;
use super::orders::Commander;
use super::outcome::Ledger;
use super::running::{RunningApp, Shared};
use super::staff::{Staff, no_thread};
use super::subtask::Subtask;
use super::task::Drive;
use crate::checkpoint::StartFrom;
use crate::checkpoint::coordinator::Mailbox;
use crate::checkpoint::manifest::PlanIdentity;
use crate::checkpoint::restore::Restored;
use crate::error::{Error, Result};
use crate::fail_point::fail_point;
use crate::plan::{NodeId, PhysicalPlan};
use crate::state::store::CheckpointStore;

/// A plan with its connectors planned: nothing is open, no thread runs.
pub struct Runtime {
    pub(super) plan: PhysicalPlan,
    pub(super) config: RuntimeConfig,
    ends: Arc<Ends>,
    make_operator: Box<MakeOperator>,
    left_out: BTreeSet<NodeId>,
}

impl Runtime {
    /// Prepares a run: resolves references, plans connectors.
    ///
    /// **Errors** A connector refuses its options, or a reference cannot be resolved.
    pub fn new(plan: PhysicalPlan, config: RuntimeConfig) -> Result<Self> {
        Self::with_operators(plan, config, Box::new(super::operators::make_operator))
    }

    pub(crate) fn with_operators(
        plan: PhysicalPlan,
        mut config: RuntimeConfig,
        make_operator: Box<MakeOperator>,
    ) -> Result<Self> {
        if let Some(limit) = &config.memory {
            limit.check(&plan)?;
            config.edge_bytes_max = limit.edge_bytes(config.parallelism, config.edge_bytes_max);
            config.batch_rows_max = limit.batch_rows(config.batch_rows_max);
            config.input_bytes_max = limit.edge_bytes(config.parallelism, config.input_bytes_max);
        }
        if let Some(map) = &config.key_group_map {
            map.check(plan.key_groups, config.parallelism)?;
        }
        let ends = Arc::new(Ends::plan(&plan, &config)?);
        Ok(Self {
            plan,
            config,
            ends,
            make_operator,
            left_out: BTreeSet::new(),
        })
    }

    /// The handler of a stream that this process feeds.
    pub fn input(&self, stream: &str) -> Option<&Input> {
        self.ends.input(stream)
    }

    /// The streams that this process feeds, by name.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.ends.inputs()
    }

    /// The output stream of this name.
    pub fn outlet(&self, stream: &str) -> Option<&Outlet> {
        self.ends.outlet(stream)
    }

    /// The output streams of this process, by name. A reader that is added before the start misses nothing.
    pub fn outlets(&self) -> impl Iterator<Item = &Outlet> {
        self.ends.outlets()
    }

    /// Whether all sources with connectors end by themselves.
    pub fn is_bounded(&self) -> bool {
        self.ends.is_bounded()
    }

    /// Leaves an output of this process out: nobody will read it, so that nothing needs to be done for it.
    pub fn leave_out(&mut self, output: NodeId) {
        self.left_out.insert(output);
    }

    /// Where the checkpoints go, if there are any.
    pub fn checkpoint_store(&self) -> Option<&Arc<dyn CheckpointStore>> {
        self.config
            .checkpoints
            .as_ref()
            .map(|checkpoints| &checkpoints.store)
    }

    /// Says where the run is to start.
    ///
    /// **Errors** It has no store.
    pub fn start_from(&mut self, from: StartFrom) -> Result<()> {
        let checkpoints = self.config.checkpoints.as_mut().ok_or(Error::NoStore)?;
        checkpoints.from = from;
        Ok(())
    }

    /// The loops of the run, by their numbers.
    pub fn loops(&self) -> Vec<LoopShape> {
        self.layout().loops(&self.plan, &self.left_out)
    }

    /// Which loops the channels of the run join.
    pub fn wiring(&self) -> Wiring {
        Wiring::new(&self.plan, &self.layout(), self.loops())
    }

    /// How the plan is described in manifests.
    pub fn plan_identity(&self) -> PlanIdentity {
        PlanIdentity::of(&self.plan)
    }

    /// Opens sources and sinks and starts the loops.
    ///
    /// **Errors** A source or sink cannot be opened; nothing runs then.
    pub fn start(self) -> Result<RunningApp> {
        let (shared, tokio) = self.shared(self.config.checkpoints.is_none())?;
        let (subtasks, checkpointing) = open(&tokio, || {
            let mut checkpointing = self.begin_checkpointing(&tokio)?;
            if let Some(checkpointing) = &mut checkpointing {
                let limit = self.config.memory.as_ref();
                checkpointing.go_on(&self.loops(), &self.layout(), limit, &tokio)?;
                shared.cold.set_run(checkpointing.run());
            }
            let subtasks = self.build(
                &shared,
                &tokio,
                checkpointing.as_ref().and_then(Checkpointing::restored),
                checkpointing.as_ref().map(Checkpointing::mailbox),
                None,
            )?;
            Ok((subtasks, checkpointing))
        })?;
        let ledger = Arc::new(Ledger::new(subtasks.len() + usize::from(checkpointing.is_some())));
        let mailbox = checkpointing
            .as_ref()
            .map(|checkpointing| checkpointing.mailbox().clone());
        let staff = Staff {
            shared: &shared,
            ledger: &ledger,
            tokio: &tokio,
        };
        if let Some(checkpointing) = checkpointing {
            staff.coordinate(checkpointing.coordinator(&self.config, &self.loops(), &shared));
        }
        subtasks.into_iter().for_each(|subtask| staff.run_loop(subtask));
        let clock = Arc::clone(&self.config.clock);
        Ok(RunningApp::new(shared, ledger, mailbox, clock))
    }

    /// Refuses a limit of memory where a run is shared out: it is kept within one process.
    pub(super) fn check_unlimited(&self) -> Result<()> {
        match &self.config.memory {
            None => Ok(()),
            Some(_) => Err(Error::Option {
                key: "memory limit".into(),
                message: "a run that several processes share has none yet".into(),
            }),
        }
    }

    pub(super) fn ends(&self) -> &Ends {
        &self.ends
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::new(&self.plan, self.config.parallelism, false, |node| {
            self.ends.limit(node)
        })
    }

    pub(super) fn shared(&self, is_let_go: bool) -> Result<(Arc<Shared>, tokio::runtime::Handle)> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.config.io_thread_count.max(1))
            .thread_name("eventflux-io")
            .enable_all()
            .build()
            .map_err(|error| no_thread("eventflux-io", error))?;
        let handle = tokio.handle().clone();
        let shared = Shared {
            commander: Arc::new(Commander::new(is_let_go)),
            meter: Meter::default(),
            ends: Arc::clone(&self.ends),
            troubles: Arc::default(),
            cold: Arc::default(),
            tokio: Some(tokio),
        };
        Ok((Arc::new(shared), handle))
    }

    pub(super) fn begin_checkpointing(
        &self,
        tokio: &tokio::runtime::Handle,
    ) -> Result<Option<Checkpointing>> {
        let Some(checkpoints) = &self.config.checkpoints else {
            return Ok(None);
        };
        let begin = Checkpointing::begin(checkpoints, &self.plan, &self.ends, &self.config, tokio);
        tokio.block_on(begin).map(Some)
    }

    pub(super) fn build(
        &self,
        shared: &Shared,
        tokio: &tokio::runtime::Handle,
        restored: Option<&Restored>,
        mailbox: Option<&Mailbox>,
        share: Option<Part<'_>>,
    ) -> Result<Vec<Subtask>> {
        let checkpointer = mailbox.map(|mailbox| Arc::new(mailbox.clone()) as _);
        let layout = self.layout();
        let memory = Memory::new(&self.plan, &layout, &self.config, &shared.cold)?;
        let outside = OpenEnds {
            ends: &self.ends,
            config: &self.config,
            tokio,
            troubles: &shared.troubles,
            restored,
        };
        let builder = Builder {
            plan: &self.plan,
            layout: &layout,
            config: &self.config,
            drive: Drive::Threads(tokio.clone()),
            orders: shared.commander.follow(),
            meter: &shared.meter,
            checkpointer: checkpointer.as_ref(),
            restored,
            memory: memory.as_ref(),
            cold: &shared.cold,
            outside: &outside,
            make_operator: self.make_operator.as_ref(),
            left_out: &self.left_out,
            share,
        };
        let mut subtasks = builder.build()?;
        if let Some(memory) = memory {
            memory.finish()?;
        }
        subtasks.iter_mut().try_for_each(Subtask::open)?;
        if let Some(checkpoints) = &self.config.checkpoints {
            fail_point("restore.done", || checkpoints.app.clone())?;
        }
        Ok(subtasks)
    }
}

/// Opens what a run needs on a thread of its own: connectors may block while they open, which a caller's async runtime would
/// not take well.
pub(super) fn open<T: Send>(
    tokio: &tokio::runtime::Handle,
    body: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    thread::scope(|scope| {
        let body = || {
            let _guard = tokio.enter();
            body()
        };
        let opening = thread::Builder::new()
            .name("eventflux-open".into())
            .spawn_scoped(scope, body);
        let opening = opening.map_err(|error| no_thread("eventflux-open", error))?;
        opening
            .join()
            .unwrap_or_else(|_| Err(Error::Bug("a connector panicked while it opened".into())))
    })
}
