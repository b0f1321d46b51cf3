//! One generation of one pipeline, as the leader knows it.

use std::collections::BTreeMap;

use eventflux_core::checkpoint::manifest::Manifest;

use super::manifest::Parts;
use crate::coordinator::{Assignment, NodeId, Pipeline, PipelineStatus, RunPhase};

/// What the leader knows of the generation that runs. Everything of it can be learnt again: from the agreed state, the store
/// and the nodes' reports.
///
/// ```text
///                   published            all prepared         due            granted
///  Publishing ───────────────► Preparing ───────────► Idle ────────► Beginning ─────► Aligning
///       ▲                                              ▲  ▲                              │ │ all acknowledged
///       │                                              │  └── given up, timed out ───────┘ ▼
///       └────────────── applied: committed ── Committing ◄──────── staged ──────────── Staging
/// ```
///
/// After `Publishing` comes `Idle` if the nodes run already.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) generation: u64,
    pub(super) nodes: BTreeMap<NodeId, NodeRun>,
    pub(super) stage: Stage,
    /// All nodes have reported that they run.
    pub(super) has_run: bool,
    /// The newest published manifest.
    pub(super) published: Option<Box<Manifest>>,
    /// When the last epoch began, and the time before which the next does not.
    pub(super) begun_us: i64,
    pub(super) not_before_us: i64,
    /// The nodes that it was placed on were these, with these weights; see [`Run::is_placed_for`].
    pub(super) placed_for: Option<Vec<(NodeId, u64, u32)>>,
    /// Another assignment would be better; taken after the next committed epoch.
    pub(super) better: Option<Assignment>,
    /// An epoch that began after this time, and is committed, is the last one of a pipeline that is to stop.
    pub(super) stop_asked_us: Option<i64>,
    pub(super) is_stop_taken: bool,
    /// Why it cannot go on as it is.
    pub(super) failure: Option<RunFailure>,
    /// When another generation may take its place, which has only to end.
    pub(super) retry_us: Option<i64>,
}

/// Why a run cannot go on.
#[derive(Debug, Clone)]
pub(super) struct RunFailure {
    pub(super) message: String,
    pub(super) is_final: bool,
}

/// Where a run is, see [`Run`].
#[derive(Debug)]
pub(super) enum Stage {
    /// The epoch that it goes on from is not known to be in its place yet. `retry_us`: when to try (again).
    Publishing { is_asked: bool, retry_us: i64 },
    /// Nodes restore.
    Preparing,
    /// Nothing is in flight.
    Idle,
    /// The number of an epoch is proposed.
    Beginning { is_last: bool },
    /// Barriers are on their way.
    Aligning { epoch: u64, is_last: bool, parts: Parts },
    /// The manifest is on its way into the store.
    Staging { epoch: u64, is_last: bool },
    /// The commit is proposed.
    Committing { epoch: u64 },
    /// The epoch is to be given up.
    GivingUp { epoch: u64 },
}

/// A node's part of a run.
#[derive(Debug, Default)]
pub(super) struct NodeRun {
    pub(super) incarnation: u64,
    /// What it said last of this generation.
    pub(super) status: Option<PipelineStatus>,
}

impl NodeRun {
    pub(super) fn is_at_least(&self, phase: RunPhase) -> bool {
        self.status.as_ref().is_some_and(|status| status.phase() >= phase)
    }
}

impl Run {
    pub(super) fn new(pipeline: &Pipeline, assignment: &Assignment, now_us: i64) -> Self {
        let node = |placement: &crate::coordinator::Placement| {
            let run = NodeRun {
                incarnation: placement.incarnation,
                status: None,
            };
            (placement.node, run)
        };
        Self {
            generation: pipeline.generation,
            nodes: assignment.placements.iter().map(node).collect(),
            stage: Stage::Publishing {
                is_asked: false,
                retry_us: now_us,
            },
            has_run: false,
            published: None,
            begun_us: now_us,
            not_before_us: now_us,
            placed_for: None,
            better: None,
            stop_asked_us: None,
            is_stop_taken: false,
            failure: None,
            retry_us: None,
        }
    }

    /// Whether an epoch is known to be in its place.
    pub(super) fn has_published(&self, epoch: u64) -> bool {
        self.published
            .as_ref()
            .is_some_and(|newest| newest.epoch >= epoch)
    }

    /// Whether every node is at least so far.
    pub(super) fn are_all(&self, phase: RunPhase) -> bool {
        self.nodes.values().all(|node| node.is_at_least(phase))
    }

    /// Whether nothing more is read anywhere.
    pub(super) fn has_ended(&self) -> bool {
        let ended = |node: &NodeRun| {
            node.status
                .as_ref()
                .is_some_and(|status| status.reading.is_empty())
        };
        self.nodes.values().all(ended)
    }

    /// How many acknowledgements an epoch needs.
    pub(super) fn loop_count(&self) -> usize {
        let counts = self.nodes.values().filter_map(|node| node.status.as_ref());
        counts.map(|status| status.loop_count as usize).sum()
    }

    /// The sinks that commit, and up to which epoch all of their notes are visible.
    pub(super) fn delivered(&self) -> BTreeMap<&str, u64> {
        let mut delivered: BTreeMap<&str, u64> = BTreeMap::new();
        for status in self.nodes.values().filter_map(|node| node.status.as_ref()) {
            for sink in &status.sinks {
                let least = delivered.entry(sink).or_insert(u64::MAX);
                *least = status.delivered.min(*least);
            }
        }
        delivered
    }

    /// Whether everything that is committed is visible, and the cluster has agreed on that: what is halted before is not told any more.
    pub(super) fn is_delivered(&self, pipeline: &Pipeline) -> bool {
        let epoch = pipeline.committed.epoch;
        let delivered = self.delivered();
        let mut sinks = delivered.iter();
        sinks.all(|(sink, up_to)| {
            let agreed = pipeline.delivered.get(*sink).copied().unwrap_or_default();
            *up_to >= epoch && agreed >= epoch
        })
    }
}
