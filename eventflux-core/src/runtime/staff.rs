//! Threads for the parts of a run.

use std::sync::Arc;

use super::chain::catch_panic;
use super::outcome::Ledger;
use super::running::Shared;
use super::spawn::{Spawn, Threads};
use super::subtask::{Step, Subtask};
use crate::checkpoint::coordinator::Coordinator;
use crate::checkpoint::share::{Deliverer, Stager};
use crate::error::{Error, ErrorKind, Result};

/// Gives the parts of a run their threads; each one's end counts as one of the run's.
pub(super) struct Staff<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) ledger: &'a Arc<Ledger>,
    pub(super) tokio: &'a tokio::runtime::Handle,
}

impl Staff<'_> {
    /// Takes checkpoints.
    pub(super) fn coordinate(&self, coordinator: Coordinator) {
        let tokio = self.tokio.clone();
        self.run("eventflux-checkpoint", move || tokio.block_on(coordinator.run()));
    }

    /// Stores what loops hand over for checkpoints that somebody else takes.
    pub(super) fn stage(&self, stager: Stager) {
        let tokio = self.tokio.clone();
        self.run("eventflux-checkpoint", move || tokio.block_on(stager.run()));
    }

    /// Makes visible what somebody else has committed.
    pub(super) fn deliver(&self, deliverer: Deliverer) {
        let tokio = self.tokio.clone();
        self.run("eventflux-deliver", move || tokio.block_on(deliverer.run()));
    }

    /// Runs a loop.
    pub(super) fn run_loop(&self, mut subtask: Subtask) {
        let name = subtask.name().to_owned();
        // Sources and sinks let go of the outside before anybody learns that the run is over.
        self.run(&name, move || run_loop(&mut subtask));
    }

    /// A part that gets no thread has failed, and the others end with it.
    fn run(&self, name: &str, body: impl FnOnce() -> Result<()> + Send + 'static) {
        let thread_name = name.to_owned();
        let name = name.to_owned();
        let (shared, ledger, tokio) = (
            Arc::clone(self.shared),
            Arc::clone(self.ledger),
            self.tokio.clone(),
        );
        let body = move || {
            let _guard = tokio.enter();
            let result = catch_panic(&name, body);
            ledger.record(result, &shared.commander, |is_complete| {
                shared.ends.close(is_complete)
            });
        };
        if let Err(error) = Threads.spawn(&thread_name, Box::new(body)) {
            let Shared { commander, ends, .. } = self.shared.as_ref();
            let result = Err(no_thread(&thread_name, error));
            self.ledger
                .record(result, commander, |is_complete| ends.close(is_complete));
        }
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

/// There is no thread to be had.
pub(super) fn no_thread(name: &str, error: std::io::Error) -> Error {
    Error::connector("thread", name, ErrorKind::Environment, error)
}
