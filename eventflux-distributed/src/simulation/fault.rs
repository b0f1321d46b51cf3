//! What goes wrong, and how it mends.

use super::message::{Happening, Healing, Node};
use super::world::World;
use crate::coordinator::{Change, Event, NodeRef};

impl World {
    /// Something goes wrong, or somebody wants something.
    pub(super) fn fault(&mut self) {
        if self.now_us >= self.config.faults_until_us {
            return;
        }
        let wait_us = self
            .rng
            .range(self.config.fault_every_us / 4, self.config.fault_every_us * 7 / 4);
        self.schedule(self.now_us + wait_us, Happening::FaultDue);
        self.fault_count += 1;
        let node = self.rng.below(self.nodes.len());
        match self.rng.below(12) {
            0 | 1 => self.crash_for_a_while(node),
            2 => self.crash_for_a_while(self.raft.leader.unwrap_or(node)),
            3 | 4 => self.sleep_for_a_while(node),
            5 => self.sleep_for_a_while(self.raft.leader.unwrap_or(node)),
            6 => self.split(),
            7 => self.isolate(self.raft.leader.unwrap_or(node)),
            8 => self.cut_one_way(node),
            9 => {
                let by_us = self.rng.range(20_000, 1_500_000);
                self.network.slow_down(node, by_us);
                self.mend_later(Healing::Network, 3_000_000);
            }
            10 => {
                self.store.slowness = self.rng.range(20, 200);
                self.store.is_failing = self.rng.per_mille(400);
                self.mend_later(Healing::Store, 2_500_000);
            }
            _ => self.ask(),
        }
    }

    fn mend_later(&mut self, healing: Healing, most_us: i64) {
        let wait_us = self.rng.range(100_000, most_us);
        self.schedule(self.now_us + wait_us, Happening::FaultEnds(healing));
    }

    fn crash_for_a_while(&mut self, node: Node) {
        if self.nodes[node].is_up {
            self.crash(node);
            self.mend_later(Healing::Restart(node), 4_000_000);
        }
    }

    fn sleep_for_a_while(&mut self, node: Node) {
        let until_us = self.now_us + self.rng.range(200_000, 5_000_000);
        let sim = &mut self.nodes[node];
        sim.asleep_until_us = until_us.max(sim.asleep_until_us);
    }

    fn split(&mut self) {
        let sides: Vec<bool> = (0..self.nodes.len()).map(|_| self.rng.per_mille(500)).collect();
        let pairs = pairs(sides.len())
            .filter(|(from, to)| sides[*from] != sides[*to])
            .collect();
        self.cut(pairs);
        self.mend_later(Healing::Network, 4_000_000);
    }

    fn isolate(&mut self, node: Node) {
        let pairs = pairs(self.nodes.len())
            .filter(|(from, to)| *from == node || *to == node)
            .collect();
        self.cut(pairs);
        self.mend_later(Healing::Network, 4_000_000);
    }

    fn cut_one_way(&mut self, node: Node) {
        let is_from = self.rng.per_mille(500);
        let is_cut = |(from, to): &(Node, Node)| if is_from { *from == node } else { *to == node };
        let pairs = pairs(self.nodes.len()).filter(is_cut).collect();
        self.cut(pairs);
        self.mend_later(Healing::Network, 3_000_000);
    }

    /// Somebody wants a checkpoint, or a node to leave.
    fn ask(&mut self) {
        let Some(leader) = self.raft.leader else {
            return;
        };
        let Some(term) = self.nodes[leader].leading.as_ref().map(|leading| leading.term) else {
            return;
        };
        let node = self.rng.below(self.nodes.len());
        let can_leave = node >= self.config.voter_count && self.raft.state.workers().count() > 4;
        if can_leave && self.rng.per_mille(300) {
            let change = Change::Leave(NodeRef {
                node: self.nodes[node].id,
            });
            let command = crate::coordinator::Command {
                id: self.command_id(leader),
                change: Some(change),
            };
            let proposal = super::message::Proposal {
                command,
                key: None,
                asker: None,
            };
            self.propose(leader, proposal);
        } else {
            let asker = self.ledger.asked();
            self.oversee(leader, term, Event::CheckpointAsked { pipeline: 1, asker });
        }
    }

    pub(super) fn mend(&mut self, healing: Healing) {
        match healing {
            Healing::Restart(node) => {
                if !self.nodes[node].is_up {
                    // One that has left comes back as another.
                    if self.raft.state.is_gone(self.nodes[node].id) {
                        self.nodes[node].id = self.rng.next() | 1;
                    }
                    self.start(node);
                }
            }
            Healing::Network => self.network.heal(),
            Healing::Store => {
                self.store.slowness = 0;
                self.store.is_failing = false;
            }
        }
    }
}

fn pairs(count: usize) -> impl Iterator<Item = (Node, Node)> {
    let all = (0..count).flat_map(move |from| (0..count).map(move |to| (from, to)));
    all.filter(|(from, to)| from != to)
}
