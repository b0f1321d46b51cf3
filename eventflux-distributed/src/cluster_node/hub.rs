//! The leader's ends of the connections of all nodes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost::Message;
use tokio::sync::mpsc;

use crate::consensus::proto::{self, Downward};
use crate::coordinator::{Event, NodeId, Order, Report};

/// So many messages may wait for a node; one that takes none for so long is as good as lost.
const QUEUE_MAX: usize = 10_000;

/// Connections of nodes, and what they say.
///
/// A node has one connection: a newer one replaces it, and what the older one says is ignored.
#[derive(Debug, Clone)]
pub(super) struct Hub {
    connections: Arc<Mutex<Connections>>,
    events: mpsc::UnboundedSender<Event>,
}

#[derive(Debug, Default)]
struct Connections {
    last: u64,
    by_node: BTreeMap<NodeId, Connection>,
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
        drop(connections);
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
            drop(connections);
            let _ = self.events.send(Event::Disconnected { node, incarnation });
        }
    }

    /// Ends all connections: this node does not lead any more.
    pub(super) fn detach_all(&self) {
        self.lock().by_node.clear();
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
            drop(connections);
            let _ = self.hub.events.send(Event::Disconnected {
                node: self.node,
                incarnation: self.incarnation,
            });
        }
    }
}
