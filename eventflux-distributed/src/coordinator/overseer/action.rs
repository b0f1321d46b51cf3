//! What follows from an event.

use eventflux_core::checkpoint::manifest::Manifest;

use super::{Asker, ProposalKey};
use crate::coordinator::{Change, Committed, NodeId, Order, Outcome, PipelineId};

/// To be carried out by whoever drives an overseer.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "actions are few, and carried out at once"
)]
pub enum Action {
    /// Put a change through Raft, and say what it came to by [`Event::Proposed`](super::Event::Proposed).
    Propose {
        /// For the answer.
        key: ProposalKey,
        /// The change.
        change: Change,
    },
    /// Send an order over the connection of a node's incarnation, if there is one.
    Send {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        incarnation: u64,
        /// The order.
        order: Box<Order>,
    },
    /// Tell a node that its incarnation does not count any more: it gives up everything and registers again.
    Dismiss {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        incarnation: u64,
    },
    /// Store a manifest under a name of its own, and answer by [`Event::Staged`](super::Event::Staged).
    Stage {
        /// The pipeline.
        pipeline: PipelineId,
        /// The manifest.
        manifest: Box<Manifest>,
    },
    /// Put a committed manifest in its place in the row, unless it is there, and answer by
    /// [`Event::Published`](super::Event::Published).
    Publish {
        /// The pipeline.
        pipeline: PipelineId,
        /// What is committed.
        committed: Committed,
    },
    /// Tell somebody who has asked for a checkpoint that an epoch, which began after that, is committed and in its place (its number is
    /// granted), or why there is none.
    Answer {
        /// Who.
        asker: Asker,
        /// The epoch, or why not.
        outcome: Outcome,
    },
}
