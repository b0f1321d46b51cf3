//! The sending side of an exchange.

use super::Route;
use super::pending::Pending;
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::Result;
use crate::operator::{Collector, LocalWindowAggregate};
use crate::runtime::edge::EdgeSender;

/// Sends rows to one or several receivers, and everything else to all of them.
///
/// Rows for a window aggregate are added up first, where that is possible: see [`LocalWindowAggregate`]. Small pieces are put
/// together; they are on their way before a watermark, a barrier or the end, and when the loop pauses.
pub(crate) struct Exchange {
    route: Route,
    receivers: Vec<Receiver>,
    local: Option<Box<LocalWindowAggregate>>,
    /// What it gave to send.
    given: Vec<EventBatch>,
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
        Self {
            route,
            receivers,
            local: None,
            given: Vec::new(),
        }
    }

    /// The same exchange, in front of which rows are added up.
    pub(crate) fn with_local(self, local: Option<LocalWindowAggregate>) -> Self {
        Self {
            local: local.map(Box::new),
            ..self
        }
    }

    /// Sends what comes of an element where rows are added up.
    fn add_up(
        &mut self,
        work: impl FnOnce(&mut LocalWindowAggregate, &mut Vec<EventBatch>) -> Result<()>,
    ) -> Result<()> {
        let Some(local) = &mut self.local else {
            return Ok(());
        };
        let mut given = std::mem::take(&mut self.given);
        work(local, &mut given)?;
        let mut was_partial = false;
        for batch in given.drain(..) {
            // Rows of two kinds are never put together.
            if batch.is_partial() != was_partial {
                was_partial = batch.is_partial();
                self.flush()?;
            }
            self.send_batch(batch)?;
        }
        if was_partial {
            self.flush()?;
        }
        self.given = given;
        Ok(())
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
            Route::Only => self.receivers[0].add(batch),
            Route::RoundRobin(next) => {
                let receiver = *next % self.receivers.len();
                *next = receiver + 1;
                self.receivers[receiver].add(batch)
            }
            Route::Broadcast => self
                .receivers
                .iter_mut()
                .try_for_each(|receiver| receiver.add(batch.clone())),
        }
    }
}

impl Collector for Exchange {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        match element {
            StreamElement::Batch(batch) if self.local.is_some() => {
                self.add_up(|local, given| local.add(batch, given))
            }
            StreamElement::Batch(batch) => self.send_batch(batch),
            other => {
                self.add_up(|local, given| match other {
                    StreamElement::Watermark(watermark) => local.reach(watermark, given),
                    StreamElement::Idle => local.idle(given),
                    _ => local.take_all(given),
                })?;
                self.flush()?;
                self.receivers
                    .iter_mut()
                    .try_for_each(|receiver| receiver.edge.send_control(other.clone()))
            }
        }
    }
}
