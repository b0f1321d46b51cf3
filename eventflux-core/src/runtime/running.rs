//! A run that is going on.

use std::sync::Arc;

use super::ends::Ends;
use super::in_process::{Input, Outlet, block_on};
use super::memory::ColdStates;
use super::meter::Meter;
use super::orders::{Commander, Phase};
use super::outcome::{Ledger, RunSummary};
use super::trouble::{Trouble, Troubles};
use crate::checkpoint::KeptCheckpoint;
use crate::checkpoint::coordinator::Mailbox;
use crate::error::{Error, Result};
use crate::metrics::MetricsSnapshot;
use crate::time::Clock;

/// What the loops of a run and its owner share.
pub(crate) struct Shared {
    pub(crate) commander: Arc<Commander>,
    pub(crate) meter: Meter,
    pub(crate) ends: Arc<Ends>,
    pub(crate) troubles: Arc<Troubles>,
    /// State that is not all in memory.
    pub(crate) cold: Arc<ColdStates>,
    /// `None` once it is given up.
    pub(crate) tokio: Option<tokio::runtime::Runtime>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The last owner may be an async task, in which a runtime must not wait for its threads.
        if let Some(tokio) = self.tokio.take() {
            tokio.shutdown_background();
        }
    }
}

/// A run that is going on. Dropping it aborts the run.
///
/// ```text
///             finish(): inputs end, windows close ─┐
/// running ────stop():   no more input ─────────────┼──► over: wait() returns
///    │        abort():  now ───────────────────────┤
///    └── the inputs end, or something fails ───────┘
/// ```
pub struct RunningApp {
    shared: Arc<Shared>,
    ledger: Arc<Ledger>,
    /// The way to the coordinator of checkpoints.
    checkpoints: Option<Mailbox>,
    clock: Arc<dyn Clock>,
}

impl RunningApp {
    pub(crate) fn new(
        shared: Arc<Shared>,
        ledger: Arc<Ledger>,
        checkpoints: Option<Mailbox>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            shared,
            ledger,
            checkpoints,
            clock,
        }
    }

    /// Ends all inputs as if they had ended by themselves: event time goes to its end and every window closes.
    pub fn finish(&self) {
        self.enter(Phase::Finishing);
    }

    /// Stops the sources; what they have handed on is carried through and sinks are flushed. Event time stays where it is:
    /// windows that are open stay open.
    pub fn stop(&self) {
        self.enter(Phase::Stopping);
    }

    /// Stops everything now; what is in flight is lost.
    pub fn abort(&self) {
        self.enter(Phase::Aborted);
    }

    /// The order comes before the end of the inputs, so that sources know which of the two ends them.
    fn enter(&self, phase: Phase) {
        self.shared.commander.enter(phase);
        self.shared.ends.end_inputs();
    }

    /// Waits until the run is over. May be called from several threads, and again.
    ///
    /// **Errors** The first failure of a loop.
    pub fn wait(&self) -> Result<RunSummary> {
        self.ledger.wait();
        self.ledger.result(&self.shared.commander, self.metrics())
    }

    /// Waits until the run is over, on any async runtime.
    ///
    /// **Errors** The first failure of a loop.
    pub async fn wait_async(&self) -> Result<RunSummary> {
        self.ledger.ended().await;
        self.ledger.result(&self.shared.commander, self.metrics())
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.ledger.is_over()
    }

    /// Whether it was told to stop, to finish or to abort.
    pub fn is_ending(&self) -> bool {
        self.shared.commander.phase() != Phase::Running
    }

    /// What keeps it from making its work durable or visible at this moment; without checkpoints nothing.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.shared.troubles.now()
    }

    /// All metrics as they are now.
    pub fn metrics(&self) -> MetricsSnapshot {
        self.shared.meter.snapshot()
    }

    /// The clock of the run.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Takes a checkpoint of everything that was sent before, waits until it is durable, and gives its epoch.
    ///
    /// **Errors** The run has no checkpoints, or ended meanwhile; the checkpoint could not be stored (it is tried again).
    pub fn checkpoint(&self) -> Result<u64> {
        block_on(self.checkpoint_async())
    }

    /// As [`RunningApp::checkpoint`], on any async runtime.
    pub async fn checkpoint_async(&self) -> Result<u64> {
        Ok(self.checkpoint_kept().await?.epoch())
    }

    /// As [`RunningApp::checkpoint_async`]; the checkpoint is not removed while whoever asked reads it.
    ///
    /// **Errors** Those of [`RunningApp::checkpoint`].
    pub async fn checkpoint_kept(&self) -> Result<KeptCheckpoint> {
        let Some(checkpoints) = &self.checkpoints else {
            return Err(Error::NoStore);
        };
        let over = Error::Cancelled {
            subtask: "the checkpoint".into(),
        };
        checkpoints.ask().await.unwrap_or(Err(over))
    }

    /// The handler of a stream that this process feeds.
    pub fn input(&self, stream: &str) -> Option<&Input> {
        self.shared.ends.input(stream)
    }

    /// The output stream of this name.
    pub fn outlet(&self, stream: &str) -> Option<&Outlet> {
        self.shared.ends.outlet(stream)
    }
}

impl Drop for RunningApp {
    fn drop(&mut self) {
        self.abort();
    }
}
