//! One run from its seed.

use super::config::SimulationConfig;
use super::ledger::Violation;
use super::message::{Happening, Proposal};
use super::world::{SOURCE, World};
use crate::coordinator::{Change, Command, CommandId, PipelineSpec, SourceSplits};
use eventflux_core::checkpoint::manifest::PlanIdentity;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its seed.
    pub seed: u64,
    /// What happened.
    pub event_count: u64,
    /// How long it was, microseconds of its own time.
    pub duration_us: i64,
    /// What went wrong by intent.
    pub fault_count: u64,
    /// Terms of leaders.
    pub term: u64,
    /// Generations of the pipeline.
    pub generation: u64,
    /// Epochs that were committed.
    pub committed_count: usize,
    /// What must not be; the run ends at the first.
    pub violations: Vec<Violation>,
}

/// Happenings of one run are bounded: more are a loop.
const EVENTS_MAX: u64 = 20_000_000;

/// Runs a cluster until its pipeline has come to its end, something is wrong, or it is too late.
pub fn simulate(seed: u64, config: SimulationConfig) -> Summary {
    let mut world = World::new(seed, config);
    for node in 0..config.node_count {
        world.start(node);
    }
    world.schedule(0, Happening::ElectionDue);
    world.schedule(500_000, Happening::SubmitDue);
    world.schedule(2_000_000, Happening::FaultDue);
    let mut event_count = 0;
    while event_count < EVENTS_MAX && world.now_us < config.deadline_us && world.ledger.violations.is_empty()
    {
        if world.is_finished() {
            world.ledger.finished(&world.raft.state, &world.outside);
            return summary(seed, event_count, world);
        }
        let Some(happening) = world.next_happening() else {
            break;
        };
        event_count += 1;
        world.ledger.now_us = world.now_us;
        world.happen(happening);
    }
    if world.ledger.violations.is_empty() {
        let message = format!("the pipeline has not come to its end: {}", world.progress());
        world.ledger.violated(message);
    }
    summary(seed, event_count, world)
}

fn summary(seed: u64, event_count: u64, world: World) -> Summary {
    Summary {
        seed,
        event_count,
        duration_us: world.now_us,
        fault_count: world.fault_count,
        term: world.raft.term,
        generation: world
            .raft
            .state
            .pipelines()
            .next()
            .map_or(0, |pipeline| pipeline.generation),
        committed_count: world.ledger.committed_count(),
        violations: world.ledger.violations,
    }
}

impl World {
    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives { from, to, message } => {
                if !self.nodes[to].is_up {
                    return;
                }
                match self.nodes[to].is_awake(self.now_us) {
                    true => self.arrived(from, to, message),
                    false => self.postpone(to, Happening::Arrives { from, to, message }),
                }
            }
            Happening::Local { node, life, local } => {
                if self.nodes[node].life != life || !self.nodes[node].is_up {
                    return;
                }
                match self.nodes[node].is_awake(self.now_us) {
                    true => self.local(node, local),
                    false => self.postpone(node, Happening::Local { node, life, local }),
                }
            }
            Happening::ElectionDue => self.look_at_election(),
            Happening::ProposalDue {
                node,
                life,
                term,
                proposal,
            } => self.decide(node, life, term, proposal),
            Happening::FaultDue => self.fault(),
            Happening::FaultEnds(healing) => self.mend(healing),
            Happening::SubmitDue => self.submit(),
        }
    }

    /// Everything is committed, visible and at rest.
    fn is_finished(&self) -> bool {
        let mut pipelines = self.raft.state.pipelines();
        pipelines
            .next()
            .is_some_and(|pipeline| pipeline.is_finished && pipeline.assignment.is_none())
    }

    fn progress(&self) -> String {
        let pipeline = self.raft.state.pipelines().next();
        let leader = self
            .raft
            .leader
            .and_then(|leader| self.nodes[leader].leading.as_ref());
        format!(
            "{:?}, led by {:?} ({:?}); members {:?}, incarnations {:?}",
            pipeline.map(|pipeline| (
                pipeline.generation,
                pipeline.committed.epoch,
                pipeline.in_flight,
                pipeline.is_finished,
                &pipeline.failure,
                pipeline.assignment.is_some()
            )),
            self.raft.leader,
            leader.map(|leading| leading.overseer.describe()),
            self.raft
                .state
                .members()
                .map(|member| (member.incarnation, member.standing()))
                .collect::<Vec<_>>(),
            self.nodes
                .iter()
                .map(|node| (node.is_up, node.incarnation))
                .collect::<Vec<_>>(),
        )
    }

    fn submit(&mut self) {
        if self.raft.state.pipelines().next().is_some() {
            return;
        }
        self.schedule(self.now_us + 500_000, Happening::SubmitDue);
        let Some(leader) = self.raft.leader else {
            return;
        };
        let key_groups = self.config.key_groups;
        let identity = PlanIdentity {
            fingerprint: 7,
            key_groups,
            operators: Vec::new(),
        };
        let spec = PipelineSpec {
            name: "ledger".to_owned(),
            plan_fingerprint: 7,
            key_groups,
            parallelism: (self.config.node_count as u32).min(key_groups),
            sources: vec![SourceSplits {
                operator_id: SOURCE.to_owned(),
                splits: (0..self.config.split_count)
                    .map(|split| split.to_string())
                    .collect(),
            }],
            checkpoint_interval_us: 600_000,
            checkpoint_timeout_us: 2_000_000,
            app_id: "1".to_owned(),
            plan_identity: serde_json::to_vec(&identity).unwrap_or_default(),
            ..PipelineSpec::default()
        };
        let command = Command {
            id: CommandId { client: 1, number: 1 },
            change: Some(Change::Submit(spec)),
        };
        let proposal = Proposal {
            command,
            key: None,
            asker: None,
        };
        self.propose(leader, proposal);
    }
}
