//! The threads that commit: one per sink that writes exactly once.

use std::sync::Arc;
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::connector::{CommitNote, SinkCommitter};
use crate::error::{Error, ErrorKind, Result};
use crate::fail_point::fail_point;
use crate::time::Clock;

/// Waits between attempts grow from the first to the second of these, microseconds.
const RETRY_US: (i64, i64) = (100_000, 10_000_000);

/// A commit that takes longer than this is told of, microseconds.
const SLOW_US: i64 = 3_000_000;

/// What is told of it.
pub(crate) const SLOW: &str = "it has not taken for some seconds what is committed, and is waited for";

/// What a delivery tells its coordinator.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// All notes of a sink up to an epoch are visible.
    UpTo {
        /// The sink's operator.
        operator_id: String,
        /// The epoch.
        epoch: u64,
    },
    /// A commit failed; it is tried again.
    Waiting {
        /// The sink's operator.
        operator_id: String,
        /// Why.
        error: Error,
    },
    /// A commit has been going on for so long that something is wrong outside.
    Slow {
        /// The sink's operator.
        operator_id: String,
    },
    /// A commit failed for good.
    Failed(Error),
}

/// The way to one committer.
#[derive(Debug)]
pub(crate) struct Delivery {
    notes: UnboundedSender<Vec<CommitNote>>,
}

impl Delivery {
    /// Starts the thread of a committer. It ends when this is dropped, or with a failure.
    pub(crate) fn start(
        operator_id: &str,
        committer: Box<dyn SinkCommitter>,
        clock: Arc<dyn Clock>,
        tokio: &tokio::runtime::Handle,
        told: UnboundedSender<Delivered>,
    ) -> Result<Self> {
        let (notes, inbox) = unbounded_channel();
        let mut work = Work {
            operator_id: operator_id.to_owned(),
            committer,
            clock,
            inbox,
            told,
        };
        let tokio = tokio.clone();
        thread::Builder::new()
            .name("eventflux-commit".into())
            .spawn(move || tokio.block_on(work.run()))
            .map_err(|error| Error::connector("thread", "eventflux-commit", ErrorKind::Environment, error))?;
        Ok(Self { notes })
    }

    /// Hands over the notes of epochs that are committed, oldest first.
    pub(crate) fn send(&self, notes: Vec<CommitNote>) {
        // A thread that is gone has told why.
        let _ = self.notes.send(notes);
    }
}

struct Work {
    operator_id: String,
    committer: Box<dyn SinkCommitter>,
    clock: Arc<dyn Clock>,
    inbox: UnboundedReceiver<Vec<CommitNote>>,
    told: UnboundedSender<Delivered>,
}

impl Work {
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()> {
        fail_point("delivery.begun", || self.operator_id.clone())?;
        let slow_us = self.clock.now_us().saturating_add(SLOW_US);
        let mut commit = self.committer.commit(notes);
        let in_time = tokio::select! {
            biased;
            done = &mut commit => Some(done),
            () = self.clock.reached(slow_us) => None,
        };
        match in_time {
            Some(done) => done?,
            None => {
                let operator_id = self.operator_id.clone();
                // Who does not listen any more need not be told.
                let _ = self.told.send(Delivered::Slow { operator_id });
                commit.await?;
            }
        }
        fail_point("delivery.done", || self.operator_id.clone())
    }

    async fn run(&mut self) {
        let mut notes = Vec::new();
        let mut wait_us = RETRY_US.0;
        // When a failed commit is tried again.
        let mut due_us = None;
        let clock = Arc::clone(&self.clock);
        loop {
            let due = async {
                match due_us {
                    Some(due_us) => clock.reached(due_us).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                more = self.inbox.recv() => match more {
                    Some(more) => {
                        notes.extend(more);
                        // What comes meanwhile goes along with the next attempt.
                        if due_us.is_some() {
                            continue;
                        }
                    }
                    None => return,
                },
                () = due => {}
            }
            // A thread that gets its turn only after its run has ended must not meet the next run's.
            if self.inbox.is_closed() {
                return;
            }
            let tell = match self.commit(&notes).await {
                Ok(()) => {
                    wait_us = RETRY_US.0;
                    due_us = None;
                    let epoch = notes.last().map_or(0, |note| note.epoch);
                    notes.clear();
                    Delivered::UpTo {
                        operator_id: self.operator_id.clone(),
                        epoch,
                    }
                }
                Err(error) if error.kind() == ErrorKind::Environment => {
                    due_us = Some(clock.now_us().saturating_add(wait_us));
                    wait_us = (wait_us * 2).min(RETRY_US.1);
                    Delivered::Waiting {
                        operator_id: self.operator_id.clone(),
                        error,
                    }
                }
                Err(error) => Delivered::Failed(error),
            };
            let is_over = matches!(tell, Delivered::Failed(_));
            if self.told.send(tell).is_err() || is_over {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;
    use tokio::sync::Notify;

    use super::*;
    use crate::time::VirtualClock;

    /// Commits when it is told to.
    struct Slow {
        begun: Arc<Notify>,
        go_on: Arc<Notify>,
    }

    #[async_trait]
    impl SinkCommitter for Slow {
        async fn commit(&mut self, _: &[CommitNote]) -> Result<()> {
            self.begun.notify_one();
            self.go_on.notified().await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_commit_that_takes_long_is_told_of_before_it_ends() {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let committer = Box::new(Slow {
            begun: Arc::clone(&begun),
            go_on: Arc::clone(&go_on),
        });
        let clock = Arc::new(VirtualClock::at(0));
        let (told, mut heard) = unbounded_channel();
        let tokio = tokio::runtime::Handle::current();
        let delivery = Delivery::start("sink", committer, Arc::clone(&clock) as _, &tokio, told).unwrap();
        delivery.send(vec![CommitNote {
            epoch: 7,
            subtask: 0,
            note: Bytes::new(),
        }]);
        begun.notified().await;
        clock.advance_to(SLOW_US);
        let slow = heard.recv().await;
        assert!(
            matches!(&slow, Some(Delivered::Slow { operator_id }) if operator_id == "sink"),
            "{slow:?}"
        );
        go_on.notify_one();
        let done = heard.recv().await;
        assert!(
            matches!(&done, Some(Delivered::UpTo { epoch: 7, .. })),
            "{done:?}"
        );
    }
}
