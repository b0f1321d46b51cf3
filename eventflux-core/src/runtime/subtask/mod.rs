//! Subtasks: one loop each, which owns a chain of operators and takes elements from a source or a mailbox.

mod frozen;
mod head;
mod subtask;

pub(crate) use head::{ChannelRound, Head, MergeHead, SourceHead};
pub(crate) use subtask::{Step, Subtask};
