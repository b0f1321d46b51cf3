//! Raft as its users see it: one log that a majority keeps, and leaders that may not know yet that they are not.

use std::rc::Rc;

use super::message::{Happening, Local, Message, Node, Proposal};
use super::world::World;
use crate::coordinator::{Change, ClusterState, Event, Overseer, OverseerConfig};
use crate::sabotage::{Bug, is_broken};

/// What a majority has agreed on, and who leads.
#[derive(Debug, Default)]
pub(super) struct SimRaft {
    /// After all entries.
    pub(super) state: Rc<ClusterState>,
    pub(super) term: u64,
    /// The node that was elected last.
    pub(super) leader: Option<Node>,
    /// Since when nobody can reach a majority through it.
    lost_since_us: Option<i64>,
}

/// A node that believes that it leads.
#[derive(Debug)]
pub(super) struct Leading {
    pub(super) term: u64,
    pub(super) overseer: Overseer,
    /// As far as it has applied entries. Of a leader that was replaced: older than what is agreed on.
    pub(super) state: Rc<ClusterState>,
    /// The connections of nodes: their lives and incarnations.
    pub(super) connections: std::collections::BTreeMap<Node, (u64, u64)>,
}

const ELECTION_EVERY_US: i64 = 50_000;

impl World {
    /// Whether a node can have entries accepted.
    pub(super) fn has_majority(&self, node: Node) -> bool {
        let voters = 0..self.config.voter_count;
        let reached = voters.filter(|voter| {
            self.nodes[*voter].is_awake(self.now_us) && self.network.reaches_both_ways(node, *voter)
        });
        self.nodes[node].is_awake(self.now_us) && reached.count() * 2 > self.config.voter_count
    }

    pub(super) fn look_at_election(&mut self) {
        self.schedule(self.now_us + ELECTION_EVERY_US, Happening::ElectionDue);
        self.depose();
        let is_well = self.raft.leader.is_some_and(|leader| {
            self.nodes[leader]
                .leading
                .as_ref()
                .is_some_and(|leading| leading.term == self.raft.term)
                && self.has_majority(leader)
        });
        if is_well {
            self.raft.lost_since_us = None;
            return;
        }
        let since_us = *self.raft.lost_since_us.get_or_insert(self.now_us);
        let timeout_us = self.rng.range(150_000, 500_000);
        if self.now_us - since_us < timeout_us {
            return;
        }
        let first = self.rng.below(self.config.voter_count);
        let voters = (0..self.config.voter_count).map(|voter| (voter + first) % self.config.voter_count);
        let candidate = voters.into_iter().find(|voter| self.has_majority(*voter));
        if let Some(leader) = candidate {
            self.elect(leader);
        }
    }

    fn elect(&mut self, leader: Node) {
        self.raft.term += 1;
        self.raft.leader = Some(leader);
        self.raft.lost_since_us = None;
        let config = OverseerConfig {
            failure_timeout_us: 2_000_000,
            reconnect_us: 300_000,
            pause_min_us: 20_000,
            backoff_us: (50_000, 1_000_000),
        };
        let term = self.raft.term;
        self.nodes[leader].leading = Some(Box::new(Leading {
            term,
            overseer: Overseer::new(config, term),
            state: Rc::clone(&self.raft.state),
            connections: Default::default(),
        }));
        self.schedule_local(leader, 0, Local::OverseerDue { term });
    }

    /// Leaders that hear of a newer one stop leading.
    fn depose(&mut self) {
        let Some(newest) = self.raft.leader else {
            return;
        };
        for node in 0..self.config.voter_count {
            let is_old = self.nodes[node]
                .leading
                .as_ref()
                .is_some_and(|leading| leading.term < self.raft.term);
            let hears =
                self.nodes[node].is_awake(self.now_us) && self.network.reaches_both_ways(node, newest);
            if is_old && hears && self.rng.per_mille(700) {
                self.nodes[node].leading = None;
            }
        }
    }

    /// A leader proposes.
    pub(super) fn propose(&mut self, node: Node, proposal: Proposal) {
        let Some(leading) = &self.nodes[node].leading else {
            return;
        };
        let (life, term) = (self.nodes[node].life, leading.term);
        let delay_us = self.rng.range(1_000, 12_000);
        let proposal = Box::new(proposal);
        self.schedule(
            self.now_us + delay_us,
            Happening::ProposalDue {
                node,
                life,
                term,
                proposal,
            },
        );
    }

    /// A proposal is kept by a majority, or is not.
    pub(super) fn decide(&mut self, node: Node, life: u64, term: u64, proposal: Box<Proposal>) {
        let is_same_life = self.nodes[node].life == life && self.nodes[node].is_up;
        let has_quorum = term == self.raft.term && self.has_majority(node);
        // A leader that died after it had sent the entry to a majority: committed, but nobody is told.
        let is_committed = has_quorum && (is_same_life || self.rng.per_mille(500));
        let is_forced =
            is_broken(Bug::QuorumSkipped) && is_same_life && self.nodes[node].is_awake(self.now_us);
        if !is_committed && !is_forced {
            self.answer(node, life, term, &proposal, None);
            return;
        }
        if !has_quorum {
            self.ledger.violated("a leader without a majority has committed");
        }
        let outcome = self.apply(&proposal);
        if is_same_life && let Some(leading) = &mut self.nodes[node].leading {
            leading.state = Rc::clone(&self.raft.state);
        }
        // Now and then the answer is lost, and whoever asked asks again with the same id.
        if self.rng.per_mille(40) {
            self.propose(node, *proposal);
            return;
        }
        self.answer(node, life, term, &proposal, Some(outcome));
    }

    fn apply(&mut self, proposal: &Proposal) -> crate::coordinator::Outcome {
        let command = &proposal.command;
        let before = self
            .raft
            .state
            .pipelines()
            .next()
            .map(|pipeline| pipeline.generation);
        let known = self
            .raft
            .state
            .pipelines()
            .next()
            .map(|pipeline| pipeline.committed.epoch);
        let last_epoch = self
            .raft
            .state
            .pipelines()
            .next()
            .map_or(0, |pipeline| pipeline.in_flight);
        let outcome = Rc::make_mut(&mut self.raft.state).apply(command);
        self.ledger.applied(command.id, &outcome);
        if !outcome.is_done() {
            return outcome;
        }
        let Some(pipeline) = self.raft.state.pipelines().next() else {
            return outcome;
        };
        match &command.change {
            Some(Change::BeginGeneration(begin)) if before != Some(pipeline.generation) => {
                self.ledger
                    .generation_begun(pipeline.generation, &begin.assignment);
            }
            Some(Change::BeginEpoch(_)) if last_epoch != pipeline.in_flight => {
                self.ledger.epoch_begun(pipeline.in_flight);
            }
            Some(Change::CommitEpoch(commit))
                if known != Some(pipeline.committed.epoch) || is_broken(Bug::OldGenerationCommits) =>
            {
                let manifest = self.store.manifest(&commit.manifest.staged_name).cloned();
                let generation = pipeline.generation;
                self.ledger
                    .epoch_committed(commit.generation, generation, manifest.as_deref(), &self.store);
            }
            _ => {}
        }
        outcome
    }

    fn answer(
        &mut self,
        node: Node,
        life: u64,
        term: u64,
        proposal: &Proposal,
        outcome: Option<crate::coordinator::Outcome>,
    ) {
        let is_same_life = self.nodes[node].life == life && self.nodes[node].is_up;
        if let (Some((asker, asker_life)), Some(outcome)) = (proposal.asker, outcome.clone())
            && is_same_life
        {
            let message = Message::Registered {
                life: asker_life,
                outcome,
            };
            self.send(node, asker, message);
        }
        if let Some(key) = proposal.key.clone() {
            let event = Box::new(Event::Proposed { key, outcome });
            self.schedule(
                self.now_us,
                Happening::Local {
                    node,
                    life,
                    local: Local::Overseer { term, event },
                },
            );
        } else if is_same_life {
            self.schedule(
                self.now_us,
                Happening::Local {
                    node,
                    life,
                    local: Local::Overseer {
                        term,
                        event: Box::new(Event::Applied),
                    },
                },
            );
        }
    }
}
