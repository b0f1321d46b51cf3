//! The trait that takes a checkpoint's parts.

use std::fmt;

use crate::connector::SourcePosition;
use crate::element::Barrier;
use crate::error::Result;
use crate::state::StateWriter;

/// One parallel copy of an operator, as checkpoints name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Participant<'a> {
    /// The operator's stable id.
    pub operator_id: &'a str,
    /// Which copy it is, from 0.
    pub subtask: usize,
}

/// Takes the parts of checkpoints. Loops call it between two elements, so it must be quick: what it is given is encoded and
/// stored behind the stream.
pub trait Checkpointer: fmt::Debug + Send + Sync {
    /// Where an operator writes what changed.
    fn writer(&self, barrier: Barrier, operator: Participant<'_>) -> Result<Box<dyn StateWriter>>;

    /// How far a source has come: everything before the barrier, nothing after it.
    fn positions(
        &self,
        barrier: Barrier,
        source: Participant<'_>,
        positions: Vec<SourcePosition>,
    ) -> Result<()>;

    /// A loop has handed the barrier on: all of its operators have written, and its sinks have flushed.
    fn acknowledge(&self, barrier: Barrier, loop_name: &str) -> Result<()>;
}
