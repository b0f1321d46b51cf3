//! What a coordinator is sent.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::kept::KeptCheckpoint;
use crate::checkpoint::{CheckpointPart, Checkpointer};
use crate::error::Result;

/// A message to the coordinator.
#[derive(Debug)]
pub(crate) enum Mail {
    /// From a loop.
    Part(CheckpointPart),
    /// Somebody wants a checkpoint that begins from now on, and to have it once it is committed.
    Asked(oneshot::Sender<Result<KeptCheckpoint>>),
}

/// The sending end. It is bounded by the loops themselves: each has one barrier at a time.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox(UnboundedSender<Mail>);

impl Mailbox {
    /// Both ends.
    pub(crate) fn new() -> (Self, UnboundedReceiver<Mail>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    /// Asks for a checkpoint. The answer fails to come when the run ends before it.
    pub(crate) fn ask(&self) -> oneshot::Receiver<Result<KeptCheckpoint>> {
        let (answer, answered) = oneshot::channel();
        // A coordinator that is gone drops the sender, which whoever waits is told.
        let _ = self.0.send(Mail::Asked(answer));
        answered
    }
}

impl Checkpointer for Mailbox {
    fn take(&self, part: CheckpointPart) {
        // Without a coordinator the run is ending.
        let _ = self.0.send(Mail::Part(part));
    }
}
