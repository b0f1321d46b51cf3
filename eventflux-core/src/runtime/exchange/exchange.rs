//! The sending side of an exchange.

use super::Route;
use super::pending::Pending;
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::Result;
use crate::operator::Collector;
use crate::runtime::edge::EdgeSender;

/// Sends rows to one or several receivers, and everything else to all of them.
///
/// Small pieces are put together; they are on their way before a watermark, a barrier or the end, and when the loop pauses.
#[derive(Debug)]
pub(crate) struct Exchange {
    route: Route,
    receivers: Vec<Receiver>,
}

#[derive(Debug)]
struct Receiver {
    edge: EdgeSender,
    pending: Pending,
}

impl Receiver {
    fn add(&mut self, batch: EventBatch) -> Result<()> {
        match self.pending.add(batch)? {
            Some(batch) => self.edge.send_batch(batch),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self.pending.take()? {
            Some(batch) => self.edge.send_batch(batch),
            None => Ok(()),
        }
    }
}

impl Exchange {
    /// An exchange to these receivers, of which there is at least one.
    pub(crate) fn new(route: Route, edges: Vec<EdgeSender>) -> Self {
        let receivers = edges
            .into_iter()
            .map(|edge| Receiver {
                edge,
                pending: Pending::default(),
            })
            .collect();
        Self { route, receivers }
    }

    /// Sends what was held back to be put together with more.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.receivers.iter_mut().try_for_each(Receiver::flush)
    }

    fn send_batch(&mut self, batch: EventBatch) -> Result<()> {
        match &mut self.route {
            Route::Key(route) => {
                for (receiver, piece) in route.split(batch)? {
                    self.receivers[receiver].add(piece)?;
                }
                Ok(())
            }
            // From here on the rows are not distributed by the key that an earlier exchange hashed.
            Route::Only => self.receivers[0].add(batch.with_key_hashes(None)?),
            Route::RoundRobin(next) => {
                let receiver = *next % self.receivers.len();
                *next = receiver + 1;
                self.receivers[receiver].add(batch.with_key_hashes(None)?)
            }
            Route::Broadcast => {
                let batch = batch.with_key_hashes(None)?;
                self.receivers
                    .iter_mut()
                    .try_for_each(|receiver| receiver.add(batch.clone()))
            }
        }
    }
}

impl Collector for Exchange {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        match element {
            StreamElement::Batch(batch) => self.send_batch(batch),
            other => {
                self.flush()?;
                self.receivers
                    .iter_mut()
                    .try_for_each(|receiver| receiver.edge.send_control(other.clone()))
            }
        }
    }
}
