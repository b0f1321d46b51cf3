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

/// Which node runs which subtask, by its id; `None` if nobody does.
pub trait Placement: fmt::Debug + Send + Sync {
    /// Who runs the sender of a channel.
    fn sender(&self, id: EdgeId) -> Option<String>;

    /// Who runs the receiver of a channel.
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
    /// By node: how many connections to it are not over.
    open_counts: HashMap<String, usize>,
    ends: HashMap<EdgeId, End>,
    /// By node: why a connection to it is over.
    failures: HashMap<String, TransportError>,
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

    /// Adds a connection to a node, dialled or taken in; there may be several. When it is over, everyone fails who sends over it, or
    /// has something to come from that node that has not ended.
    pub fn add(self: &Arc<Self>, connection: Connection) {
        let connection = Arc::new(connection);
        let node = connection.hello().node.id.clone();
        {
            let mut state = self.lock();
            *state.open_counts.entry(node.clone()).or_default() += 1;
            let connections = state.connections.entry(node.clone()).or_default();
            connections.push(Arc::clone(&connection));
        }
        let edges = Arc::downgrade(self);
        self.tokio.spawn(accept(node, edges, connection));
    }

    /// Waits until all that was sent has left, then closes all connections: at the end of a run, when nothing more is to come.
    pub async fn close(&self) {
        let connections = std::mem::take(&mut self.lock().connections);
        for connection in connections.into_values().flatten() {
            connection.close().await;
        }
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
    fn fail(&self, node: &str, error: &TransportError) {
        let mut state = self.lock();
        let open_count = state.open_counts.entry(node.to_owned()).or_default();
        *open_count = open_count.saturating_sub(1);
        // Connections are closed one after the other: what is missing may have come over another.
        if matches!(error, TransportError::Closed { .. }) && *open_count > 0 {
            return;
        }
        state
            .failures
            .entry(node.to_owned())
            .or_insert_with(|| error.clone());
        for (id, end) in &state.ends {
            if let End::Feed(feed) = end
                && self.placement.sender(*id).as_deref() == Some(node)
            {
                feed.fail(error.clone().into());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectedEdges {
    fn drop(&mut self) {
        // The tasks that take channels in hold connections, too.
        self.abort("its owner is gone");
    }
}

/// Takes the channels of a connection in until it is over.
async fn accept(node: String, edges: Weak<ConnectedEdges>, connection: Arc<Connection>) {
    loop {
        let accepted = connection.accept().await;
        let Some(edges) = edges.upgrade() else {
            return;
        };
        match accepted {
            Ok(receiver) => edges.arrive(receiver),
            Err(error) => return edges.fail(&node, &error),
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
        let State { ends, failures, .. } = &mut *state;
        let receiver = match ends.entry(id) {
            Entry::Vacant(place) => {
                let node = self.placement.sender(id);
                if let Some(error) = node.and_then(|node| failures.get(&node)) {
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
