//! A plan that is ready to run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use super::chain::catch_panic;
use super::checkpointing::Checkpointing;
use super::config::RuntimeConfig;
use super::ends::{Ends, OpenEnds};
use super::graph::{Builder, Layout, MakeOperator};
use super::in_process::{Input, Outlet};
use super::meter::Meter;
use super::orders::Commander;
use super::outcome::Ledger;
use super::running::{RunningApp, Shared};
use super::spawn::{Spawn, Threads};
use super::subtask::{Step, Subtask};
use super::task::Drive;
use crate::checkpoint::StartFrom;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{NodeId, PhysicalPlan};
use crate::state::store::CheckpointStore;

/// A plan with its connectors planned: nothing is open, no thread runs.
pub struct Runtime {
    plan: PhysicalPlan,
    config: RuntimeConfig,
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
        config: RuntimeConfig,
        make_operator: Box<MakeOperator>,
    ) -> Result<Self> {
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

    /// Opens sources and sinks and starts the loops.
    ///
    /// **Errors** A source or sink cannot be opened; nothing runs then.
    pub fn start(self) -> Result<RunningApp> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.config.io_thread_count.max(1))
            .thread_name("eventflux-io")
            .enable_all()
            .build()
            .map_err(|error| no_thread("eventflux-io", error))?;
        let handle = tokio.handle().clone();
        let shared = Arc::new(Shared {
            commander: Arc::new(Commander::new(self.config.checkpoints.is_none())),
            meter: Meter::default(),
            ends: Arc::clone(&self.ends),
            troubles: Arc::default(),
            tokio: Some(tokio),
        });
        // Connectors may block while they open, which a caller's async runtime would not take well.
        let (subtasks, checkpointing) = thread::scope(|scope| {
            let open = || {
                let _guard = handle.enter();
                self.build(&shared, &handle)
            };
            let opening = thread::Builder::new()
                .name("eventflux-open".into())
                .spawn_scoped(scope, open);
            let opening = opening.map_err(|error| no_thread("eventflux-open", error))?;
            opening
                .join()
                .unwrap_or_else(|_| Err(Error::Bug("a connector panicked while it opened".into())))
        })?;
        let ledger = Arc::new(Ledger::new(subtasks.len() + usize::from(checkpointing.is_some())));
        let mailbox = checkpointing
            .as_ref()
            .map(|checkpointing| checkpointing.mailbox().clone());
        if let Some(checkpointing) = checkpointing {
            let coordinator = checkpointing.coordinator(&self.config, &subtasks, &shared);
            let tokio = handle.clone();
            let body = move || tokio.block_on(coordinator.run());
            spawn_body(&Threads, "eventflux-checkpoint", body, &shared, &ledger, &handle);
        }
        for subtask in subtasks {
            spawn_loop(&Threads, subtask, &shared, &ledger, &handle);
        }
        Ok(RunningApp::new(
            shared,
            ledger,
            mailbox,
            Arc::clone(&self.config.clock),
        ))
    }

    fn build(
        &self,
        shared: &Shared,
        tokio: &tokio::runtime::Handle,
    ) -> Result<(Vec<Subtask>, Option<Checkpointing>)> {
        let layout = Layout::new(&self.plan, self.config.parallelism, false, |node| {
            self.ends.limit(node)
        });
        let mut checkpointing = match &self.config.checkpoints {
            Some(checkpoints) => {
                let begin = Checkpointing::begin(checkpoints, &self.plan, &self.ends, &self.config, tokio);
                Some(tokio.block_on(begin)?)
            }
            None => None,
        };
        if let Some(checkpointing) = &mut checkpointing {
            checkpointing.go_on(&layout.loops(&self.plan, &self.left_out));
        }
        let restored = checkpointing.as_ref().and_then(Checkpointing::restored);
        let checkpointer = checkpointing
            .as_ref()
            .map(|checkpointing| Arc::new(checkpointing.mailbox().clone()) as _);
        let outside = OpenEnds {
            ends: &self.ends,
            config: &self.config,
            tokio,
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
            outside: &outside,
            make_operator: self.make_operator.as_ref(),
            left_out: &self.left_out,
        };
        let mut subtasks = builder.build()?;
        subtasks.iter_mut().try_for_each(Subtask::open)?;
        Ok((subtasks, checkpointing))
    }
}

/// Gives a loop its thread. A loop that gets none has failed, and the others end with it.
fn spawn_loop(
    spawn: &dyn Spawn,
    mut subtask: Subtask,
    shared: &Arc<Shared>,
    ledger: &Arc<Ledger>,
    tokio: &tokio::runtime::Handle,
) {
    let name = subtask.name().to_owned();
    // Sources and sinks let go of the outside before anybody learns that the run is over.
    let body = move || run_loop(&mut subtask);
    spawn_body(spawn, &name, body, shared, ledger, tokio);
}

/// Gives a part of the run its thread; its end counts as one of the run's.
fn spawn_body(
    spawn: &dyn Spawn,
    name: &str,
    body: impl FnOnce() -> Result<()> + Send + 'static,
    shared: &Arc<Shared>,
    ledger: &Arc<Ledger>,
    tokio: &tokio::runtime::Handle,
) {
    let thread_name = name.to_owned();
    let name = name.to_owned();
    let (run_shared, run_ledger, tokio) = (Arc::clone(shared), Arc::clone(ledger), tokio.clone());
    let body = move || {
        let _guard = tokio.enter();
        let result = catch_panic(&name, body);
        run_ledger.record(result, &run_shared.commander, |is_complete| {
            run_shared.ends.close(is_complete)
        });
    };
    if let Err(error) = spawn.spawn(&thread_name, Box::new(body)) {
        ledger.record(
            Err(no_thread(&thread_name, error)),
            &shared.commander,
            |is_complete| shared.ends.close(is_complete),
        );
    }
}

fn run_loop(subtask: &mut Subtask) -> Result<()> {
    loop {
        match subtask.step()? {
            Step::Worked => {}
            Step::Waiting => {
                subtask.pause()?;
                subtask.wait()?;
            }
            Step::Ended => return Ok(()),
        }
    }
}

fn no_thread(name: &str, error: std::io::Error) -> Error {
    Error::connector("thread", name, ErrorKind::Environment, error)
}
