//! The edges of one pipeline, in one generation, between this node and others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use eventflux_core::runtime::{EdgeFeed, EdgeId, RemoteEdges, RemoteSender};
use tokio::runtime::Handle;

use super::pump::pump;
use crate::transport::connection::{ChannelReceiver, Connection};
use crate::transport::error::TransportError;

/// Which node runs which subtask.
pub trait Placement: fmt::Debug + Send + Sync {
    /// The id of the node that runs the receiver of a channel; `None` if nobody does.
    fn receiver(&self, id: EdgeId) -> Option<String>;
}

/// Edges over connections that are open. Channels are spread over the connections to a node; those that come may come before or
/// after the subtask that receives them is built.
pub struct ConnectedEdges {
    placement: Arc<dyn Placement>,
    tokio: Handle,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connections: HashMap<String, Vec<Arc<Connection>>>,
    ends: HashMap<EdgeId, End>,
    failure: Option<TransportError>,
}

/// One end of a channel waits for the other.
enum End {
    Feed(EdgeFeed),
    Channel(ChannelReceiver),
    Joined,
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feed(_) => "Feed",
            Self::Channel(_) => "Channel",
            Self::Joined => "Joined",
        })
    }
}

impl fmt::Debug for ConnectedEdges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectedEdges")
            .field("placement", &self.placement)
            .finish_non_exhaustive()
    }
}

impl ConnectedEdges {
    /// No connections yet. What comes is carried by tasks on this runtime.
    pub fn new(placement: Arc<dyn Placement>, tokio: Handle) -> Arc<Self> {
        Arc::new(Self {
            placement,
            tokio,
            state: Mutex::default(),
        })
    }

    /// Adds a connection to a node, dialled or taken in; there may be several. If it breaks, all subtasks that receive from others
    /// fail, and so does everyone who sends over it.
    pub fn add(self: &Arc<Self>, connection: Connection) {
        let connection = Arc::new(connection);
        let node = connection.hello().node.id.clone();
        self.lock()
            .connections
            .entry(node)
            .or_default()
            .push(Arc::clone(&connection));
        let edges = Arc::downgrade(self);
        // The task must not keep the connection alive that it watches.
        let watched = Arc::downgrade(&connection);
        self.tokio.spawn(accept(edges, watched));
    }

    /// Breaks all connections off: both ends fail with this reason.
    pub fn abort(&self, reason: &str) {
        let connections = std::mem::take(&mut self.lock().connections);
        let connections = connections.into_values().flatten();
        connections.for_each(|connection| connection.abort(reason));
    }

    fn arrive(&self, receiver: ChannelReceiver) {
        let id = receiver.id();
        let joined = match self.lock().ends.entry(id) {
            Entry::Vacant(place) => {
                place.insert(End::Channel(receiver));
                None
            }
            Entry::Occupied(mut place) => match place.insert(End::Joined) {
                End::Feed(feed) => Some((receiver, feed)),
                earlier => {
                    tracing::warn!(channel = %id, "a channel came twice; the second is not read");
                    place.insert(earlier);
                    None
                }
            },
        };
        if let Some((receiver, feed)) = joined {
            self.tokio.spawn(pump(receiver, feed));
        }
    }

    /// A connection is over. Those whose channels it has opened learn it from them; those who still wait for theirs, here.
    fn fail(&self, error: &TransportError) {
        let mut state = self.lock();
        state.failure.get_or_insert_with(|| error.clone());
        for end in state.ends.values() {
            if let End::Feed(feed) = end {
                feed.fail(error.clone().into());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the channels of a connection in until it is over.
async fn accept(edges: Weak<ConnectedEdges>, connection: Weak<Connection>) {
    loop {
        let Some(connected) = connection.upgrade() else {
            return;
        };
        let accepted = connected.accept().await;
        drop(connected);
        let Some(edges) = edges.upgrade() else {
            return;
        };
        match accepted {
            Ok(receiver) => edges.arrive(receiver),
            Err(error) => return edges.fail(&error),
        }
    }
}

impl RemoteEdges for ConnectedEdges {
    fn sender(&self, id: EdgeId) -> eventflux_core::Result<Box<dyn RemoteSender>> {
        let no_route = |message: String| TransportError::NoRoute {
            channel: id.to_string(),
            message,
        };
        let node = self.placement.receiver(id);
        let node = node.ok_or_else(|| no_route("no node runs its receiver".to_owned()))?;
        let state = self.lock();
        let connections = state.connections.get(&node).map_or(&[][..], Vec::as_slice);
        let connection = match connections.len() {
            0 => return Err(no_route(format!("there is no connection to node `{node}`")).into()),
            count => &connections[(id.edge + id.sender + id.receiver) % count],
        };
        // The exchange in front puts small batches together.
        Ok(Box::new(connection.open(id, None)?))
    }

    fn receive(&self, id: EdgeId, feed: EdgeFeed) -> eventflux_core::Result<()> {
        let mut state = self.lock();
        let State { ends, failure, .. } = &mut *state;
        let receiver = match ends.entry(id) {
            Entry::Vacant(place) => {
                if let Some(error) = failure {
                    return Err(error.clone().into());
                }
                place.insert(End::Feed(feed));
                return Ok(());
            }
            Entry::Occupied(mut place) => match place.insert(End::Joined) {
                End::Channel(receiver) => receiver,
                earlier => {
                    place.insert(earlier);
                    let message = "it is received twice".to_owned();
                    return Err(TransportError::NoRoute {
                        channel: id.to_string(),
                        message,
                    }
                    .into());
                }
            },
        };
        drop(state);
        self.tokio.spawn(pump(receiver, feed));
        Ok(())
    }
}
