//! The sending end of an edge.

use std::future::poll_fn;
use std::sync::Arc;

use super::Mailbox;
use crate::batch::EventBatch;
use crate::element::{StreamElement, WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::metrics::Metric;
use crate::runtime::task::{Drive, Task};

/// Sends to one channel of one mailbox. A transport to another node would be a second kind of it.
#[derive(Debug)]
pub(crate) struct EdgeSender {
    mailbox: Arc<Mailbox>,
    channel: usize,
    task: Arc<Task>,
    watermark: Watermark,
    is_idle: bool,
}

impl EdgeSender {
    pub(crate) fn new(mailbox: Arc<Mailbox>, channel: usize, task: Arc<Task>) -> Self {
        Self {
            mailbox,
            channel,
            task,
            watermark: WATERMARK_MIN,
            is_idle: false,
        }
    }

    /// Sends rows; waits for credit if it must.
    pub(crate) fn send_batch(&mut self, batch: EventBatch) -> Result<()> {
        let bytes = batch.memory_bytes();
        self.is_idle = false;
        self.task.cells.add(Metric::BytesOut, bytes as u64);
        if matches!(self.task.drive, Drive::Stepped) {
            self.mailbox
                .push(self.channel, StreamElement::Batch(batch), bytes);
            return Ok(());
        }
        let mut batch = batch;
        // One sender per channel: once there is credit, nobody else takes it.
        while let Err(refused) = self.mailbox.try_push(self.channel, batch, bytes) {
            batch = refused;
            self.task.wait_downstream(poll_fn(|context| {
                self.mailbox.poll_credit(self.channel, bytes, context)
            }))?;
        }
        Ok(())
    }

    /// Sends anything but rows, at once. Right behind a barrier, event time is told again: whoever restarts from there
    /// knows nothing of it.
    pub(crate) fn send_control(&mut self, element: StreamElement) {
        let is_barrier = matches!(element, StreamElement::Barrier(_));
        match element {
            StreamElement::Watermark(watermark) => {
                self.watermark = watermark;
                self.is_idle = false;
            }
            StreamElement::Idle => self.is_idle = true,
            _ => {}
        }
        self.mailbox.push(self.channel, element, 0);
        if is_barrier {
            if self.watermark != WATERMARK_MIN {
                self.mailbox
                    .push(self.channel, StreamElement::Watermark(self.watermark), 0);
            }
            if self.is_idle {
                self.mailbox.push(self.channel, StreamElement::Idle, 0);
            }
        }
    }
}
