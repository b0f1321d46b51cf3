//! The overseer itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eventflux_core::time::micros;

use super::asked::{Asked, refusal};
use super::detector::Detector;
use super::run::{Run, RunFailure};
use super::{Action, Event, ProposalKey};
use crate::coordinator::planner::{PlacementRequest, place};
use crate::coordinator::{
    Assignment, BeginGeneration, Change, ClusterState, Desired, FailPipeline, Fence, HaltPipeline, Member,
    NodeId, NodeRef, NodeReport, NodeStatus, Order, Outcome, Pipeline, PipelineEvent, PipelineId,
    PipelineOrder, PipelineRef, PipelineReport, PipelineStatus, Placement, Report, Standing,
};

/// Times of an overseer, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverseerConfig {
    /// A node that is silent for so long is lost.
    pub failure_timeout_us: i64,
    /// A node whose connection has ended is lost if it is not back after this time.
    pub reconnect_us: i64,
    /// At least from the end of one epoch to the beginning of the next.
    pub pause_min_us: i64,
    /// Waits after a failure of a pipeline or of the store grow from the first to the second of these.
    pub backoff_us: (i64, i64),
}

impl Default for OverseerConfig {
    fn default() -> Self {
        Self {
            failure_timeout_us: 2_000_000,
            reconnect_us: 300_000,
            pause_min_us: 100_000,
            backoff_us: (100_000, 10_000_000),
        }
    }
}

impl OverseerConfig {
    /// With the usual times but this one.
    pub fn with_failure_timeout(failure_timeout: Duration) -> Self {
        Self {
            failure_timeout_us: micros(failure_timeout),
            ..Self::default()
        }
    }
}

/// The leader's decisions.
#[derive(Debug)]
pub struct Overseer {
    pub(super) config: OverseerConfig,
    pub(super) term: u64,
    pub(super) detector: Detector,
    pub(super) runs: BTreeMap<PipelineId, Run>,
    pub(super) pending: BTreeSet<ProposalKey>,
    /// How often a pipeline failed in a row, and when it may run again.
    pub(super) backoffs: BTreeMap<PipelineId, (u32, i64)>,
    /// Who waits for a checkpoint.
    pub(super) asked: BTreeMap<PipelineId, Asked>,
}

impl Overseer {
    /// Of a leader that was elected in this term. It knows nothing yet.
    pub fn new(config: OverseerConfig, term: u64) -> Self {
        Self {
            config,
            term,
            detector: Detector::new(config.failure_timeout_us, config.reconnect_us),
            runs: BTreeMap::new(),
            pending: BTreeSet::new(),
            backoffs: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Takes what happened and says what follows.
    pub fn on_event(&mut self, now_us: i64, state: &ClusterState, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        self.detector.follow(now_us, state);
        self.follow_runs(now_us, state);
        match event {
            Event::Time | Event::Applied => {}
            Event::Connected { node, incarnation } => {
                self.heard(now_us, state, (node, incarnation), &mut actions)
            }
            Event::Disconnected { node, incarnation } => {
                self.detector.disconnected(now_us, node, incarnation)
            }
            Event::Unreachable { node, incarnation } => self.detector.unreachable(now_us, node, incarnation),
            Event::Reported {
                node,
                incarnation,
                report,
            } => {
                self.heard(now_us, state, (node, incarnation), &mut actions);
                if state
                    .member(node)
                    .is_some_and(|member| is_current(member, incarnation))
                {
                    self.take(state, (node, incarnation), report, &mut actions);
                }
            }
            Event::Proposed { key, outcome } => {
                self.proposed(now_us, state, &key, outcome.as_ref(), &mut actions)
            }
            Event::Staged {
                pipeline,
                generation,
                epoch,
                result,
            } => self.staged(state, pipeline, (generation, epoch), result, &mut actions),
            Event::Published {
                pipeline,
                epoch,
                result,
            } => self.published(now_us, state, pipeline, epoch, result, &mut actions),
            Event::CheckpointAsked { pipeline, asker } => self.asked.entry(pipeline).or_default().ask(asker),
        }
        self.follow_members(now_us, state, &mut actions);
        for pipeline in state.pipelines() {
            self.follow_pipeline(now_us, state, pipeline, &mut actions);
        }
        self.refuse_asked(state, &mut actions);
        actions
    }

    /// When time alone may change something. What was due before `now_us`, the time of the last event, waits for something else.
    pub fn next_due_us(&self, now_us: i64, state: &ClusterState) -> Option<i64> {
        let runs = state.pipelines().filter_map(|pipeline| self.run_due_us(pipeline));
        let due = runs.chain(self.detector.due_us());
        due.filter(|due_us| *due_us >= now_us).min()
    }

    /// Where its runs are, for people.
    pub fn describe(&self) -> String {
        let runs = self.runs.iter().map(|(pipeline, run)| {
            let phases = run.nodes.values().map(|node| match &node.status {
                Some(status) => format!("{:?}", status.phase()),
                None => "unknown".to_owned(),
            });
            let phases: Vec<String> = phases.collect();
            format!(
                "pipeline {pipeline}, generation {}: {:?}, nodes {}",
                run.generation,
                run.stage,
                phases.join(" ")
            )
        });
        let runs: Vec<String> = runs.collect();
        format!(
            "term {}; {}; waiting for {:?}",
            self.term,
            runs.join("; "),
            self.pending
        )
    }

    pub(super) fn propose(&mut self, key: ProposalKey, change: Change, actions: &mut Vec<Action>) {
        if self.pending.insert(key.clone()) {
            actions.push(Action::Propose { key, change });
        }
    }

    pub(super) fn send(
        &self,
        pipeline: &Pipeline,
        (node, incarnation): (NodeId, u64),
        order: PipelineOrder,
        actions: &mut Vec<Action>,
    ) {
        let fence = Fence {
            term: self.term,
            pipeline: pipeline.id,
            generation: pipeline.generation,
        };
        actions.push(Action::Send {
            node,
            incarnation,
            order: Box::new(Order {
                fence,
                order: Some(order),
            }),
        });
    }

    /// To all nodes of the current generation.
    pub(super) fn send_all(&self, pipeline: &Pipeline, order: &PipelineOrder, actions: &mut Vec<Action>) {
        let placements = pipeline
            .assignment
            .iter()
            .flat_map(|assignment| &assignment.placements);
        for placement in placements {
            self.send(
                pipeline,
                (placement.node, placement.incarnation),
                order.clone(),
                actions,
            );
        }
    }

    fn heard(
        &mut self,
        now_us: i64,
        state: &ClusterState,
        (node, incarnation): (NodeId, u64),
        actions: &mut Vec<Action>,
    ) {
        match state.member(node) {
            Some(member) if is_current(member, incarnation) => self.detector.heard(now_us, node, incarnation),
            _ => actions.push(Action::Dismiss { node, incarnation }),
        }
    }

    fn take(&mut self, state: &ClusterState, from: (NodeId, u64), report: Report, actions: &mut Vec<Action>) {
        match report.report {
            Some(NodeReport::Status(NodeStatus { pipelines })) => {
                for status in &pipelines {
                    self.take_status(state, from, status, actions);
                }
                self.resume(state, from, &pipelines, actions);
            }
            Some(NodeReport::Pipeline(PipelineReport {
                pipeline,
                generation,
                event: Some(event),
            })) => {
                let Some(run) = self.runs.get_mut(&pipeline) else {
                    return;
                };
                if run.generation != generation || !run.nodes.contains_key(&from.0) {
                    return;
                }
                match event {
                    PipelineEvent::Status(status) => self.take_status(state, from, &status, actions),
                    PipelineEvent::Acknowledged(part) => self.acknowledged(state, pipeline, from.0, &part),
                    PipelineEvent::Failed(failure) => {
                        run.failure = Some(RunFailure {
                            message: failure.message,
                            is_final: failure.is_final,
                        });
                    }
                }
            }
            _ => {}
        }
    }

    fn take_status(
        &mut self,
        state: &ClusterState,
        (node, incarnation): (NodeId, u64),
        status: &PipelineStatus,
        actions: &mut Vec<Action>,
    ) {
        let current = state
            .pipeline(status.pipeline)
            .filter(|pipeline| pipeline.assignment.is_some());
        let is_wanted = current.is_some_and(|pipeline| pipeline.generation == status.generation);
        match self
            .runs
            .get_mut(&status.pipeline)
            .and_then(|run| run.nodes.get_mut(&node))
        {
            Some(known) if is_wanted => known.status = Some(status.clone()),
            // What is not wanted any more is given up when the next generation is prepared; here there is none.
            _ if current.is_none_or(|pipeline| !has(pipeline, node)) => {
                let fence = Fence {
                    term: self.term,
                    pipeline: status.pipeline,
                    generation: state
                        .pipeline(status.pipeline)
                        .map_or(u64::MAX, |pipeline| pipeline.generation),
                };
                actions.push(Action::Send {
                    node,
                    incarnation,
                    order: Box::new(Order {
                        fence,
                        order: Some(PipelineOrder::Stop(())),
                    }),
                });
            }
            _ => {}
        }
    }

    /// Runs are of the generations that the state has.
    fn follow_runs(&mut self, now_us: i64, state: &ClusterState) {
        self.runs.retain(|pipeline, run| {
            let pipeline = state.pipeline(*pipeline);
            pipeline.is_some_and(|pipeline| {
                pipeline.assignment.is_some() && pipeline.generation == run.generation
            })
        });
        for pipeline in state.pipelines() {
            if let Some(assignment) = &pipeline.assignment {
                self.runs.entry(pipeline.id).or_insert_with(|| {
                    let (name, generation) = (&pipeline.spec.name, pipeline.generation);
                    tracing::info!(pipeline = name, generation, "a generation begins");
                    if let Some(asked) = self.asked.get_mut(&pipeline.id) {
                        asked.give_up();
                    }
                    Run::new(pipeline, assignment, now_us)
                });
            }
        }
    }

    /// Nobody waits for a checkpoint of a pipeline that takes none any more.
    fn refuse_asked(&mut self, state: &ClusterState, actions: &mut Vec<Action>) {
        for (pipeline, asked) in &mut self.asked {
            if let Some(outcome) = refusal(state.pipeline(*pipeline)) {
                let askers = asked.refused().into_iter();
                actions.extend(askers.map(|asker| Action::Answer {
                    asker,
                    outcome: outcome.clone(),
                }));
            }
        }
        self.asked.retain(|_, asked| !asked.is_empty());
    }

    fn follow_members(&mut self, now_us: i64, state: &ClusterState, actions: &mut Vec<Action>) {
        let lost: Vec<_> = self.detector.lost(now_us).collect();
        for lost in lost {
            // What is not agreed on is proposed again and again.
            if self.detector.miss(lost) {
                let name = state.member(lost.node).map_or("", |member| &member.spec.name);
                tracing::info!(node = name, "a node is lost");
            }
            self.propose(ProposalKey::NodeLost(lost.node), Change::NodeLost(lost), actions);
        }
        let leaving = state.members().filter(|member| member.is_leaving());
        for member in leaving {
            let node = member.spec.node;
            if !state.pipelines().any(|pipeline| depends_on(pipeline, node)) {
                self.propose(
                    ProposalKey::NodeLeft(node),
                    Change::Remove(NodeRef { node }),
                    actions,
                );
            }
        }
    }

    fn follow_pipeline(
        &mut self,
        now_us: i64,
        state: &ClusterState,
        pipeline: &Pipeline,
        actions: &mut Vec<Action>,
    ) {
        if self.pending.contains(&ProposalKey::Generation(pipeline.id)) {
            return;
        }
        let Some(assignment) = &pipeline.assignment else {
            return self.follow_resting(now_us, state, pipeline, actions);
        };
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        if pipeline.desired() == Desired::Removed {
            return self.halt(pipeline, actions);
        }
        let failure = run.failure.clone();
        if let Some(failure) = failure.clone().filter(|failure| failure.is_final) {
            return self.failed(now_us, pipeline, failure, actions);
        }
        let is_lost = |placement: &Placement| {
            let member = state.member(placement.node);
            !member.is_some_and(|member| is_current(member, placement.incarnation))
        };
        if assignment.placements.iter().any(is_lost) {
            return match self.better_place(state, pipeline) {
                Some(assignment) if pipeline.is_wanted() || pipeline.is_ending() => {
                    self.begin(pipeline, assignment, actions)
                }
                // Until there are nodes again.
                None if pipeline.is_ending() => {}
                _ => self.halt(pipeline, actions),
            };
        }
        if let Some(failure) = failure {
            // If that is because a node is gone, the next generation should not be placed there.
            let is_in_doubt = |placement: &Placement| self.detector.is_in_doubt(placement.node);
            return match assignment.placements.iter().any(is_in_doubt) {
                true => {}
                false if pipeline.is_ending() => self.end_anew(now_us, state, pipeline, actions),
                false => self.failed(now_us, pipeline, failure, actions),
            };
        }
        self.watch_placement(state, pipeline);
        self.follow_run(now_us, pipeline, actions);
    }

    fn follow_resting(
        &mut self,
        now_us: i64,
        state: &ClusterState,
        pipeline: &Pipeline,
        actions: &mut Vec<Action>,
    ) {
        let id = pipeline.id;
        if pipeline.desired() == Desired::Removed {
            let change = Change::Forget(PipelineRef { pipeline: id });
            return self.propose(ProposalKey::Generation(id), change, actions);
        }
        let may_run = self
            .backoffs
            .get(&id)
            .is_none_or(|(_, until_us)| now_us >= *until_us);
        let is_in_doubt = |member: &Member| self.detector.is_in_doubt(member.spec.node);
        if pipeline.is_wanted()
            && may_run
            && !state.workers().any(is_in_doubt)
            && let Some(assignment) = self.better_place(state, pipeline)
        {
            self.begin(pipeline, assignment, actions);
        }
    }

    /// The assignment that the nodes of now would get; `None` while there are too few.
    fn better_place(&self, state: &ClusterState, pipeline: &Pipeline) -> Option<Assignment> {
        let mut members: Vec<&Member> = state.workers().collect();
        if members.is_empty() {
            // There is nobody to take over from who leaves.
            let is_left =
                |member: &&Member| member.spec.can_process && member.standing() == Standing::Leaving;
            members = state.members().filter(is_left).collect();
        }
        if members.is_empty() || members.len() < state.nodes_min() as usize {
            return None;
        }
        place(&PlacementRequest {
            spec: &pipeline.spec,
            members,
            previous: pipeline.last_assignment.as_ref(),
            group_weights: &[],
        })
    }

    /// Looks for a better assignment when nodes have come, are leaving, or sources have other splits.
    fn watch_placement(&mut self, state: &ClusterState, pipeline: &Pipeline) {
        let workers = state.workers();
        let nodes: Vec<_> = workers
            .map(|member| (member.spec.node, member.incarnation, member.spec.weight))
            .collect();
        let is_known = |run: &Run| run.placed_for.as_ref() == Some(&nodes);
        if self.runs.get(&pipeline.id).is_none_or(is_known) {
            return;
        }
        let better = self.better_place(state, pipeline);
        if let Some(run) = self.runs.get_mut(&pipeline.id) {
            run.placed_for = Some(nodes);
            run.better = better.filter(|better| Some(better) != pipeline.assignment.as_ref());
        }
    }

    pub(super) fn begin(&mut self, pipeline: &Pipeline, assignment: Assignment, actions: &mut Vec<Action>) {
        let change = Change::BeginGeneration(BeginGeneration {
            pipeline: pipeline.id,
            after: pipeline.generation,
            assignment,
        });
        self.propose(ProposalKey::Generation(pipeline.id), change, actions);
    }

    pub(super) fn halt(&mut self, pipeline: &Pipeline, actions: &mut Vec<Action>) {
        let change = Change::Halt(HaltPipeline {
            pipeline: pipeline.id,
            generation: pipeline.generation,
        });
        self.propose(ProposalKey::Generation(pipeline.id), change, actions);
    }

    fn failed(&mut self, now_us: i64, pipeline: &Pipeline, failure: RunFailure, actions: &mut Vec<Action>) {
        if failure.is_final {
            let change = Change::Fail(FailPipeline {
                pipeline: pipeline.id,
                generation: pipeline.generation,
                message: failure.message,
            });
            return self.propose(ProposalKey::Generation(pipeline.id), change, actions);
        }
        self.back_off(now_us, pipeline);
        self.halt(pipeline, actions);
    }

    /// When a pipeline that has failed may run again.
    fn back_off(&mut self, now_us: i64, pipeline: &Pipeline) -> i64 {
        let (count, until_us) = self.backoffs.entry(pipeline.id).or_default();
        let (first_us, most_us) = self.config.backoff_us;
        let wait_us = first_us.saturating_mul(1 << (*count).min(20)).min(most_us);
        *count += 1;
        *until_us = now_us.saturating_add(wait_us);
        *until_us
    }

    /// A pipeline that has read everything has failed before all of its output was visible. It is not at rest until that is so: another
    /// generation repeats the commits.
    fn end_anew(
        &mut self,
        now_us: i64,
        state: &ClusterState,
        pipeline: &Pipeline,
        actions: &mut Vec<Action>,
    ) {
        let known = self.runs.get(&pipeline.id).and_then(|run| run.retry_us);
        let retry_us = known.unwrap_or_else(|| self.back_off(now_us, pipeline));
        if let Some(run) = self.runs.get_mut(&pipeline.id) {
            run.retry_us = Some(retry_us);
        }
        if now_us >= retry_us
            && let Some(assignment) = self.better_place(state, pipeline)
        {
            self.begin(pipeline, assignment, actions);
        }
    }

    fn proposed(
        &mut self,
        now_us: i64,
        state: &ClusterState,
        key: &ProposalKey,
        outcome: Option<&Outcome>,
        actions: &mut Vec<Action>,
    ) {
        self.pending.remove(key);
        if let ProposalKey::Epoch(pipeline) = key
            && let Some(pipeline) = state.pipeline(*pipeline)
        {
            self.epoch_proposed(now_us, pipeline, outcome, actions);
        }
        // A node that misses this hears it again when it reports what it runs.
        if let ProposalKey::Generation(pipeline) = key
            && let Some(pipeline) = state.pipeline(*pipeline)
            && pipeline.assignment.is_none()
        {
            let placements = pipeline.last_assignment.iter().flat_map(|last| &last.placements);
            for placement in placements {
                let node = (placement.node, placement.incarnation);
                self.send(pipeline, node, PipelineOrder::Stop(()), actions);
            }
        }
    }
}

/// Whether what this incarnation does counts.
pub(super) fn is_current(member: &Member, incarnation: u64) -> bool {
    member.incarnation == incarnation && member.standing() != Standing::Down
}

fn has(pipeline: &Pipeline, node: NodeId) -> bool {
    is_placed(pipeline.assignment.as_ref(), node)
}

/// Whether a node has key groups of a pipeline, or had them last and nobody has them yet.
fn depends_on(pipeline: &Pipeline, node: NodeId) -> bool {
    let last = pipeline.last_assignment.as_ref().filter(|_| pipeline.is_wanted());
    is_placed(pipeline.assignment.as_ref().or(last), node)
}

fn is_placed(assignment: Option<&Assignment>, node: NodeId) -> bool {
    assignment.is_some_and(|assignment| assignment.placement(node).is_some())
}
