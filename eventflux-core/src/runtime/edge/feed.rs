//! One channel of a subtask's mailbox, as its sender sees it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Mailbox;
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::Error;

/// Puts the elements of one sender into the mailbox of a subtask. Cheap to clone, but a channel has one sender at a time.
#[derive(Debug, Clone)]
pub struct EdgeFeed {
    mailbox: Arc<Mailbox>,
    channel: usize,
}

impl EdgeFeed {
    pub(crate) fn new(mailbox: Arc<Mailbox>, channel: usize) -> Self {
        Self { mailbox, channel }
    }

    /// A feed without a subtask behind it, and the end where its elements come out again: for tests of wires.
    #[cfg(any(test, feature = "testing"))]
    pub fn detached(bytes_max: usize) -> (Self, DetachedEnd) {
        let mailbox = Arc::new(Mailbox::new(1, bytes_max));
        (Self::new(Arc::clone(&mailbox), 0), DetachedEnd { mailbox })
    }

    /// Puts an element into the channel, whether it fits or not: the caller has granted credit for it. `bytes` is what it
    /// counts until the receiver takes it; anything but rows counts nothing.
    pub fn push(&self, element: StreamElement, bytes: usize) {
        self.mailbox.push(self.channel, element, bytes);
    }

    /// Waits until the receiver has taken more than `known_bytes` since the beginning, and says how many; `None` if the
    /// receiver is gone, and nothing that is pushed is kept.
    pub async fn taken(&self, known_bytes: u64) -> Option<u64> {
        poll_fn(|context| self.mailbox.poll_taken(self.channel, known_bytes, context)).await
    }

    /// The channel brings nothing more, though its input has not ended: the subtask fails with this error.
    pub fn fail(&self, error: Error) {
        self.mailbox.fail(error);
    }

    pub(super) fn try_push(&self, batch: EventBatch, bytes: usize) -> Result<(), EventBatch> {
        self.mailbox.try_push(self.channel, batch, bytes)
    }

    pub(super) fn poll_credit(&self, bytes: usize, context: &mut Context<'_>) -> Poll<()> {
        self.mailbox.poll_credit(self.channel, bytes, context)
    }
}

/// The other end of [`EdgeFeed::detached`].
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct DetachedEnd {
    mailbox: Arc<Mailbox>,
}

#[cfg(any(test, feature = "testing"))]
impl DetachedEnd {
    /// Waits for the next element.
    ///
    /// **Errors** The feed has failed.
    pub async fn next(&self) -> crate::error::Result<StreamElement> {
        loop {
            if let Some((_, element)) = self.mailbox.pop(|_| false) {
                return Ok(element);
            }
            self.mailbox.check()?;
            poll_fn(|context| self.mailbox.poll_ready(|_| false, context)).await;
        }
    }

    /// Bytes that wait to be taken.
    pub fn queued_bytes(&self) -> usize {
        self.mailbox.queued_bytes()
    }

    /// The receiver goes away.
    pub fn close(&self) {
        self.mailbox.close();
    }
}
