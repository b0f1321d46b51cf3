//! The leader's ends of the connections of all nodes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost::Message;
use tokio::sync::{mpsc, oneshot};

use crate::consensus::proto::{self, Downward};
use crate::coordinator::{Asker, Event, NodeId, Order, Outcome, PipelineId, Report};

/// So many messages may wait for a node; one that takes none for so long is as good as lost.
const QUEUE_MAX: usize = 10_000;

/// So many may wait for a checkpoint of one pipeline.
const ASKERS_MAX: usize = 1_000;

/// Connections of nodes, and what they say.
///
/// A node has one connection: a newer one replaces it, and what the older one says is ignored. What becomes of connections is told in
/// the order in which it happens, so it is told under the lock.
#[derive(Debug, Clone)]
pub(super) struct Hub {
    connections: Arc<Mutex<Connections>>,
    events: mpsc::UnboundedSender<Event>,
}

#[derive(Debug, Default)]
struct Connections {
    last: u64,
    by_node: BTreeMap<NodeId, Connection>,
    asked: BTreeMap<Asker, Question>,
}

/// Somebody waits for a checkpoint.
#[derive(Debug)]
struct Question {
    pipeline: PipelineId,
    answer: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    incarnation: u64,
    downward: mpsc::Sender<Result<Downward, tonic::Status>>,
}

/// One node's connection, from its first to its last message.
#[derive(Debug)]
pub(super) struct Attached {
    hub: Hub,
    node: NodeId,
    incarnation: u64,
    number: u64,
}

impl Hub {
    /// What nodes say comes out of the receiver.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let hub = Self {
            connections: Arc::default(),
            events,
        };
        (hub, receiver)
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node has connected.
    pub(super) fn attach(
        &self,
        node: NodeId,
        incarnation: u64,
    ) -> (Attached, mpsc::Receiver<Result<Downward, tonic::Status>>) {
        let (downward, receiver) = mpsc::channel(QUEUE_MAX);
        let mut connections = self.lock();
        connections.last += 1;
        let number = connections.last;
        let connection = Connection {
            number,
            incarnation,
            downward,
        };
        connections.by_node.insert(node, connection);
        let _ = self.events.send(Event::Connected { node, incarnation });
        let attached = Attached {
            hub: self.clone(),
            node,
            incarnation,
            number,
        };
        (attached, receiver)
    }

    pub(super) fn send(&self, node: NodeId, incarnation: u64, order: &Order) {
        let order = proto::downward::Downward::Order(order.encode_to_vec().into());
        self.send_downward(node, incarnation, order);
    }

    pub(super) fn dismiss(&self, node: NodeId, incarnation: u64) {
        let dismissed = proto::downward::Downward::Dismissed(proto::Empty {});
        self.send_downward(node, incarnation, dismissed);
    }

    fn send_downward(&self, node: NodeId, incarnation: u64, downward: proto::downward::Downward) {
        let mut connections = self.lock();
        let Some(connection) = connections.by_node.get(&node) else {
            return;
        };
        if connection.incarnation != incarnation {
            return;
        }
        let message = Downward {
            downward: Some(downward),
        };
        if connection.downward.try_send(Ok(message)).is_err() {
            // It does not take what it is sent: it has to connect again and say what it knows.
            connections.by_node.remove(&node);
            let _ = self.events.send(Event::Disconnected { node, incarnation });
        }
    }

    /// Somebody wants a checkpoint. Nothing comes out of the receiver when this node does not lead any more; `None`: too many wait.
    pub(super) fn ask(&self, pipeline: PipelineId) -> Option<oneshot::Receiver<Outcome>> {
        let (answer, answered) = oneshot::channel();
        let mut connections = self.lock();
        // Who does not wait any more is in nobody's way.
        connections
            .asked
            .retain(|_, question| !question.answer.is_closed());
        let asked = connections.asked.values();
        if asked.filter(|known| known.pipeline == pipeline).count() >= ASKERS_MAX {
            return None;
        }
        connections.last += 1;
        let asker = connections.last;
        connections.asked.insert(asker, Question { pipeline, answer });
        drop(connections);
        let _ = self.events.send(Event::CheckpointAsked { pipeline, asker });
        Some(answered)
    }

    pub(super) fn answer(&self, asker: Asker, outcome: Outcome) {
        if let Some(question) = self.lock().asked.remove(&asker) {
            // Who does not wait any more is not told.
            let _ = question.answer.send(outcome);
        }
    }

    /// No leader of this node has heard this: who asked looks for another one, and so does a node that has connected while this one
    /// was losing the leadership.
    pub(super) fn unheard(&self, event: &Event) {
        match event {
            Event::CheckpointAsked { asker, .. } => drop(self.lock().asked.remove(asker)),
            Event::Connected { node, .. } => drop(self.lock().by_node.remove(node)),
            _ => {}
        }
    }

    /// Ends all connections, and answers nobody: this node does not lead any more.
    pub(super) fn detach_all(&self) {
        let mut connections = self.lock();
        connections.by_node.clear();
        connections.asked.clear();
    }
}

impl Attached {
    /// The node says something.
    pub(super) fn said(&self, report: Report) -> bool {
        let is_current = self
            .hub
            .lock()
            .by_node
            .get(&self.node)
            .is_some_and(|connection| connection.number == self.number);
        is_current
            && self
                .hub
                .events
                .send(Event::Reported {
                    node: self.node,
                    incarnation: self.incarnation,
                    report,
                })
                .is_ok()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut connections = self.hub.lock();
        if connections
            .by_node
            .get(&self.node)
            .is_some_and(|connection| connection.number == self.number)
        {
            connections.by_node.remove(&self.node);
            let _ = self.hub.events.send(Event::Disconnected {
                node: self.node,
                incarnation: self.incarnation,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise it would be connected to a node that never listens, and be missed by the one that leads.
    #[tokio::test]
    async fn a_node_that_connects_when_nobody_leads_any_more_is_let_go() {
        let (hub, mut heard) = Hub::new();
        hub.detach_all();
        let (attached, mut downwards) = hub.attach(7, 1);
        let event = heard.recv().await.unwrap();
        hub.unheard(&event);
        assert!(downwards.recv().await.is_none());
        assert!(!attached.said(Report::default()));
    }

    #[tokio::test]
    async fn who_has_given_up_waiting_keeps_nobody_else_from_it() {
        let (hub, _heard) = Hub::new();
        for _ in 0..ASKERS_MAX {
            drop(hub.ask(1).unwrap());
        }
        let waiting: Vec<_> = (0..ASKERS_MAX).map(|_| hub.ask(1).unwrap()).collect();
        assert!(hub.ask(1).is_none());
        assert!(hub.ask(2).is_some());
        drop(waiting);
        assert!(hub.ask(1).is_some());
    }
}
