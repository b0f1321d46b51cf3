//! Edges between subtasks: queues bounded in bytes.
//!
//! **Shapes** Elements of one sender go in at an [`EdgeTarget`]: into a channel of the receiver's mailbox, or, where the
//! receiver runs elsewhere, into a [`RemoteSender`], from which a wire carries them to an [`EdgeFeed`] there.
//!
//! **Invariants** Rows need credit: an edge holds at most its budget of bytes, or one batch that alone is larger.
//! Watermarks, barriers, idleness and the end of input need none, so a barrier can be sent to all edges at once and
//! alignment cannot deadlock. Elements of one edge keep their order.

mod feed;
mod mailbox;
mod remote;
mod sender;

#[cfg(any(test, feature = "testing"))]
pub use feed::DetachedEnd;
pub use feed::EdgeFeed;
pub(crate) use mailbox::Mailbox;
pub use remote::{EdgeId, EdgeTarget, RemoteEdges, RemoteSender};
pub(crate) use sender::EdgeSender;
