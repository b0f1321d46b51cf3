//! What an overseer is told.

use eventflux_core::checkpoint::manifest::Manifest;

use super::{Asker, ProposalKey};
use crate::coordinator::{ManifestRef, NodeId, Outcome, PipelineId, Report};

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Time has passed.
    Time,
    /// The agreed state has changed.
    Applied,
    /// A node has connected.
    Connected {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        incarnation: u64,
    },
    /// A node's connection has ended.
    Disconnected {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        incarnation: u64,
    },
    /// Nobody listens where a node should, so that its process is gone.
    Unreachable {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        incarnation: u64,
    },
    /// A node reports.
    Reported {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        incarnation: u64,
        /// What it says.
        report: Report,
    },
    /// A proposal was applied, or is lost (`None`: nobody knows whether it will be).
    Proposed {
        /// Which.
        key: ProposalKey,
        /// What it came to.
        outcome: Option<Outcome>,
    },
    /// A manifest was stored, or could not be.
    Staged {
        /// The pipeline.
        pipeline: PipelineId,
        /// The manifest's generation.
        generation: u64,
        /// The manifest's epoch.
        epoch: u64,
        /// Where it is, or why not.
        result: Result<ManifestRef, String>,
    },
    /// A committed manifest is in its place, or is not.
    Published {
        /// The pipeline.
        pipeline: PipelineId,
        /// The manifest's epoch.
        epoch: u64,
        /// The manifest; `None` if nothing is committed.
        result: Result<Option<Box<Manifest>>, PublishFailure>,
    },
    /// Somebody wants a checkpoint that begins from now on, and is answered by [`Action::Answer`](super::Action::Answer).
    CheckpointAsked {
        /// The pipeline.
        pipeline: PipelineId,
        /// Who.
        asker: Asker,
    },
}

/// Why a manifest is not in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishFailure {
    /// For people.
    pub message: String,
    /// Somebody else has put another manifest there, or the store has lost what it had: trying again would not help.
    pub is_final: bool,
}
