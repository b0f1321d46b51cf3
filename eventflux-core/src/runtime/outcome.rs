//! How a run ended.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::orders::{Commander, Phase};
use crate::error::{Error, Result};
use crate::metrics::MetricsSnapshot;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunEnd {
    /// All inputs ended, or were told to; every window has closed.
    InputEnded,
    /// The run was stopped; what was in flight was carried through.
    Stopped,
    /// The run was aborted; what was in flight is lost.
    Aborted,
}

/// A run that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Why it ended.
    pub end: RunEnd,
    /// The last state of all metrics.
    pub metrics: MetricsSnapshot,
}

/// Collects the ends of all loops.
#[derive(Debug)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    over: Condvar,
    /// The same for those who await it.
    is_over: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    running: usize,
    first_error: Option<Error>,
    /// Why the run has ended, once it has: orders that come later change nothing.
    end: Option<RunEnd>,
}

impl Ledger {
    pub(crate) fn new(loop_count: usize) -> Self {
        Self {
            state: Mutex::new(State {
                running: loop_count,
                first_error: None,
                end: None,
            }),
            over: Condvar::new(),
            is_over: watch::Sender::new(loop_count == 0),
        }
    }

    /// A loop has ended. The first failure aborts all others; that they then give up is no failure. The last end calls
    /// `at_end` before anybody learns of it, and tells it whether everything came to its end; if that fails, the run has.
    pub(crate) fn record(
        &self,
        result: Result<()>,
        commander: &Commander,
        at_end: impl FnOnce(bool) -> Result<()>,
    ) {
        let is_over = {
            let mut state = self.lock();
            state.running -= 1;
            if let Err(error) = result {
                let is_consequence =
                    matches!(error, Error::Cancelled { .. }) && commander.phase() == Phase::Aborted;
                if !is_consequence && state.first_error.is_none() {
                    state.first_error = Some(error);
                }
                commander.enter(Phase::Aborted);
            }
            state.running == 0
        };
        if is_over {
            let end = end_of(commander);
            let is_complete = self.lock().first_error.is_none() && end == RunEnd::InputEnded;
            let closed = at_end(is_complete);
            let mut state = self.lock();
            state.end = Some(end);
            if let Err(error) = closed {
                state.first_error.get_or_insert(error);
            }
            self.is_over.send_replace(true);
            self.over.notify_all();
        }
    }

    /// Blocks until every loop has ended.
    pub(crate) fn wait(&self) {
        let mut state = self.lock();
        while !*self.is_over.borrow() {
            state = self.over.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until every loop has ended.
    pub(crate) async fn ended(&self) {
        let mut is_over = self.is_over.subscribe();
        // The sender is part of this ledger: the wait cannot fail.
        let _ = is_over.wait_for(|is_over| *is_over).await;
    }

    pub(crate) fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }

    /// The result, once every loop has ended.
    pub(crate) fn result(&self, commander: &Commander, metrics: MetricsSnapshot) -> Result<RunSummary> {
        let state = self.lock();
        match &state.first_error {
            Some(error) => Err(error.clone()),
            None => Ok(RunSummary {
                end: state.end.unwrap_or_else(|| end_of(commander)),
                metrics,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a run without a failure has ended.
fn end_of(commander: &Commander) -> RunEnd {
    match commander.phase() {
        Phase::Running | Phase::Finishing => RunEnd::InputEnded,
        Phase::Stopping => RunEnd::Stopped,
        Phase::Aborted => RunEnd::Aborted,
    }
}
