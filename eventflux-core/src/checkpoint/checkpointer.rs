//! The trait that takes a checkpoint's parts.

use std::fmt;

use super::CheckpointPart;

/// Takes the parts of checkpoints. Loops call it between two elements, so it must be quick: what it is given is encoded and
/// stored behind the stream.
pub trait Checkpointer: fmt::Debug + Send + Sync {
    /// Takes a part. Parts of one loop come in the loop's order.
    fn take(&self, part: CheckpointPart);
}
