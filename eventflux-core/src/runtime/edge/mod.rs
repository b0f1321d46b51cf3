//! Edges between subtasks: queues bounded in bytes.
//!
//! **Invariants** Rows need credit: an edge holds at most its budget of bytes, or one batch that alone is larger.
//! Watermarks, barriers, idleness and the end of input need none, so a barrier can be sent to all edges at once and
//! alignment cannot deadlock. Elements of one edge keep their order.

mod mailbox;
mod sender;

pub(crate) use mailbox::Mailbox;
pub(crate) use sender::EdgeSender;
