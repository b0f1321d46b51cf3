//! The replicated state, and the one way to change it.

use std::collections::{BTreeMap, BTreeSet};

use super::answered::Answered;
use crate::coordinator::{Change, Command, Member, NodeId, Outcome, Pipeline, PipelineId, Refusal};
use crate::sabotage::{Bug, is_broken};

/// What all voters have alike.
///
/// **Invariants** `apply` depends on nothing but the state and the command: no clock, no randomness, no configuration of the
/// node. It never fails: a command that makes no sense is refused. Incarnations, generations, epochs and the ids of pipelines
/// only grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterState {
    pub(super) cluster: String,
    pub(super) nodes_min: u32,
    pub(super) members: BTreeMap<NodeId, Member>,
    /// Nodes that have left. They never come back under the same id.
    pub(super) gone: BTreeSet<NodeId>,
    pub(super) last_incarnation: u64,
    pub(super) pipelines: BTreeMap<PipelineId, Pipeline>,
    pub(super) last_pipeline: PipelineId,
    pub(super) answered: Answered,
}

impl ClusterState {
    /// Carries out a command, or says why not.
    pub fn apply(&mut self, command: &Command) -> Outcome {
        if let Some(outcome) = self.answered.get(&command.id)
            && !is_broken(Bug::DedupSkipped)
        {
            return outcome.clone();
        }
        let outcome = match &command.change {
            Some(change) => self.change(change),
            None => Outcome::refused(Refusal::Invalid, "the command is empty"),
        };
        self.answered.remember(command.id, outcome.clone());
        outcome
    }

    fn change(&mut self, change: &Change) -> Outcome {
        match change {
            Change::Configure(configure) => {
                if !self.cluster.is_empty() && self.cluster != configure.cluster {
                    let message = format!(
                        "this is the cluster `{}`, not `{}`",
                        self.cluster, configure.cluster
                    );
                    return Outcome::refused(Refusal::Invalid, message);
                }
                self.cluster.clone_from(&configure.cluster);
                self.nodes_min = configure.nodes_min;
                Outcome::done()
            }
            Change::Register(spec) => self.register(spec),
            Change::NodeLost(lost) => self.node_lost(lost),
            Change::Leave(node) => self.leave(node.node),
            Change::Remove(node) => self.remove(node.node),
            Change::Submit(spec) => self.submit(spec),
            Change::SetDesired(desired) => self.set_desired(desired),
            Change::Forget(pipeline) => self.forget(pipeline.pipeline),
            Change::SetSources(sources) => self.set_sources(sources),
            Change::BeginGeneration(begin) => self.begin_generation(begin),
            Change::Halt(halt) => self.halt(halt),
            Change::BeginEpoch(begin) => self.begin_epoch(begin),
            Change::AbortEpoch(abort) => self.abort_epoch(abort),
            Change::CommitEpoch(commit) => self.commit_epoch(commit),
            Change::Delivered(delivered) => self.delivered(delivered),
            Change::Fail(fail) => self.fail(fail),
            Change::Restart(pipeline) => self.restart(pipeline.pipeline),
        }
    }

    /// What people call the cluster; empty before it is configured.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Nothing is run while fewer nodes are up.
    pub fn nodes_min(&self) -> u32 {
        self.nodes_min
    }

    /// The nodes that belong to the cluster.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// A node that belongs to the cluster.
    pub fn member(&self, node: NodeId) -> Option<&Member> {
        self.members.get(&node)
    }

    /// Whether a node has left for good.
    pub fn is_gone(&self, node: NodeId) -> bool {
        self.gone.contains(&node)
    }

    /// The nodes that may be given subtasks.
    pub fn workers(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.can_take_work())
    }

    /// The pipelines.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.values()
    }

    /// A pipeline.
    pub fn pipeline(&self, pipeline: PipelineId) -> Option<&Pipeline> {
        self.pipelines.get(&pipeline)
    }

    /// A pipeline by its name.
    pub fn pipeline_named(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines
            .values()
            .find(|pipeline| pipeline.spec.name == name)
    }
}
