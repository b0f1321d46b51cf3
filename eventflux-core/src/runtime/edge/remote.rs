//! Edges to and from other nodes. The engine knows no wire: whoever has one implements these traits.

use std::fmt;
use std::task::{Context, Poll};

use super::EdgeFeed;
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::Result;

/// One channel of a plan: from one sending subtask to one receiving subtask of an edge. The same on every node, since
/// planning is deterministic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeId {
    /// The edge's place in the plan.
    pub edge: usize,
    /// The sending subtask's place among those of its operator.
    pub sender: usize,
    /// The receiving subtask's place among those of its operator.
    pub receiver: usize,
}

impl fmt::Display for EdgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "edge {} from {} to {}", self.edge, self.sender, self.receiver)
    }
}

/// Where the elements of one sender go to.
#[derive(Debug)]
pub enum EdgeTarget {
    /// The receiver runs here.
    Local(EdgeFeed),
    /// The receiver runs elsewhere.
    Remote(Box<dyn RemoteSender>),
}

/// The sending end of a channel whose receiver runs elsewhere. Called from the sender's loop: nothing here may block.
///
/// **Invariants** Elements arrive in the order in which they were taken, each once, or both ends learn that the channel has
/// failed.
pub trait RemoteSender: fmt::Debug + Send {
    /// Takes rows if there is room for them; otherwise gives them back.
    ///
    /// **Errors** The channel has failed.
    fn try_send(&mut self, batch: EventBatch) -> Result<Option<EventBatch>>;

    /// Waits until rows may be offered again, also because the channel has failed.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Takes anything but rows, at once: barriers, watermarks, idleness and the end of input need no credit.
    ///
    /// **Errors** The channel has failed.
    fn send_control(&mut self, element: StreamElement) -> Result<()>;
}

/// Makes the ends of channels between this node and others, while the loops of a plan are built.
pub trait RemoteEdges: fmt::Debug + Send + Sync {
    /// The sending end of a channel whose receiver runs elsewhere.
    ///
    /// **Errors** Nobody knows where.
    fn sender(&self, id: EdgeId) -> Result<Box<dyn RemoteSender>>;

    /// From now on the elements of a channel whose sender runs elsewhere go into this feed.
    ///
    /// **Errors** Nobody knows where from.
    fn receive(&self, id: EdgeId, feed: EdgeFeed) -> Result<()>;
}
