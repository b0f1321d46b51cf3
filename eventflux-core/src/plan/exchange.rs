//! Edges: how rows get from one operator to the next.

use super::NodeId;

/// How rows are distributed over the subtasks of the receiving operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// Subtask n to subtask n. Both ends have the same parallelism, or the receiver has one subtask and gathers.
    Forward,
    /// By the key group of these columns.
    Hash(Vec<usize>),
    /// To each in turn.
    RoundRobin,
    /// To all.
    Broadcast,
}

/// Which of an operator's outputs an edge leaves from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Port {
    /// The results.
    Main,
    /// Rows that were too late.
    Late,
    /// Bad rows, in the schema of the dead-letter stream.
    Errors,
}

/// One edge of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The sending operator.
    pub from: NodeId,
    /// Which of its outputs.
    pub port: Port,
    /// The receiving operator.
    pub to: NodeId,
    /// Which of its inputs, from 0.
    pub input: usize,
    /// How rows are distributed.
    pub exchange: Exchange,
}
