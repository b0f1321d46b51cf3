//! The reader's end of a row stream.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::blocking::block_on;
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::runtime::edge::Mailbox;

/// Batches of an output stream, in order. Dropping it lets the loop go on without it.
#[derive(Debug)]
pub struct OutputStream {
    mailbox: Arc<Mailbox>,
    has_ended: bool,
}

impl OutputStream {
    pub(crate) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            has_ended: false,
        }
    }

    /// The next batch; `None` when the run is over. Cancel-safe; works on any async runtime.
    pub async fn next(&mut self) -> Option<EventBatch> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The next batch; blocks the thread until there is one.
    pub fn next_blocking(&mut self) -> Option<EventBatch> {
        block_on(self.next())
    }

    /// The next batch, if there is one already; `None` says nothing about the end.
    pub fn try_next(&mut self) -> Option<EventBatch> {
        match self.poll_next(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(batch) => batch,
            Poll::Pending => None,
        }
    }

    /// Polls for the next batch, as in the trait `Stream`.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<EventBatch>> {
        while !self.has_ended {
            match self.mailbox.pop(|_| false) {
                Some((_, StreamElement::Batch(batch))) => return Poll::Ready(Some(batch)),
                Some((_, StreamElement::EndOfInput)) => self.has_ended = true,
                Some(_) => {}
                None => match self.mailbox.poll_ready(|_| false, context) {
                    Poll::Ready(()) => {}
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
        Poll::Ready(None)
    }
}

impl Drop for OutputStream {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}
