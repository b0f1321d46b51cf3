//! What was proposed and is not answered: nothing is proposed twice at a time.

use crate::coordinator::{NodeId, PipelineId};

/// What a proposal is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProposalKey {
    /// A node is lost.
    NodeLost(NodeId),
    /// A node that has handed over is forgotten.
    NodeLeft(NodeId),
    /// A pipeline's generation begins or ends.
    Generation(PipelineId),
    /// A pipeline's epoch begins, is given up, or is committed.
    Epoch(PipelineId),
    /// A sink's notes are visible.
    Delivered(PipelineId, String),
}
