//! The sending end of an edge.

use std::future::poll_fn;
use std::sync::Arc;

use super::EdgeTarget;
use crate::batch::EventBatch;
use crate::element::{StreamElement, WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::metrics::Metric;
use crate::runtime::task::{Drive, Task};

/// Sends to one channel of one receiver, here or elsewhere.
#[derive(Debug)]
pub(crate) struct EdgeSender {
    target: EdgeTarget,
    task: Arc<Task>,
    watermark: Watermark,
    is_idle: bool,
}

impl EdgeSender {
    pub(crate) fn new(target: EdgeTarget, task: Arc<Task>) -> Self {
        Self {
            target,
            task,
            watermark: WATERMARK_MIN,
            is_idle: false,
        }
    }

    /// Sends rows; waits for credit if it must.
    pub(crate) fn send_batch(&mut self, mut batch: EventBatch) -> Result<()> {
        let bytes = batch.memory_bytes();
        self.is_idle = false;
        self.task.cells.add(Metric::BytesOut, bytes as u64);
        match &mut self.target {
            EdgeTarget::Local(feed) if matches!(self.task.drive, Drive::Stepped) => {
                feed.push(StreamElement::Batch(batch), bytes);
            }
            EdgeTarget::Local(feed) => {
                // One sender per channel: once there is credit, nobody else takes it.
                while let Err(refused) = feed.try_push(batch, bytes) {
                    batch = refused;
                    self.task
                        .wait_downstream(poll_fn(|context| feed.poll_credit(bytes, context)))?;
                }
            }
            EdgeTarget::Remote(remote) => {
                while let Some(refused) = remote.try_send(batch)? {
                    batch = refused;
                    self.task
                        .wait_downstream(poll_fn(|context| remote.poll_room(context)))?;
                }
            }
        }
        Ok(())
    }

    /// Sends anything but rows, at once. Right behind a barrier, event time is told again: whoever restarts from there
    /// knows nothing of it.
    ///
    /// **Errors** The receiver runs elsewhere and cannot be reached.
    pub(crate) fn send_control(&mut self, element: StreamElement) -> Result<()> {
        let is_barrier = matches!(element, StreamElement::Barrier(_));
        match element {
            StreamElement::Watermark(watermark) => {
                self.watermark = watermark;
                self.is_idle = false;
            }
            StreamElement::Idle => self.is_idle = true,
            _ => {}
        }
        self.put(element)?;
        if is_barrier {
            if self.watermark != WATERMARK_MIN {
                self.put(StreamElement::Watermark(self.watermark))?;
            }
            if self.is_idle {
                self.put(StreamElement::Idle)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, element: StreamElement) -> Result<()> {
        match &mut self.target {
            EdgeTarget::Local(feed) => {
                feed.push(element, 0);
                Ok(())
            }
            EdgeTarget::Remote(remote) => remote.send_control(element),
        }
    }
}
