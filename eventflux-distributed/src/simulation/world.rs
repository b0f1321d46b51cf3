//! Everything that there is, and time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::config::SimulationConfig;
use super::ledger::Ledger;
use super::message::{Happening, Local, Node};
use super::network::Network;
use super::node::SimNode;
use super::outside::Outside;
use super::raft::SimRaft;
use super::rng::{Rng, mix};
use super::store::SimStore;

/// The simulated world.
pub(super) struct World {
    pub(super) config: SimulationConfig,
    pub(super) now_us: i64,
    pub(super) rng: Rng,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: HashMap<u64, Happening>,
    next: u64,
    pub(super) network: Network,
    pub(super) nodes: Vec<SimNode>,
    pub(super) raft: SimRaft,
    pub(super) store: SimStore,
    pub(super) outside: Outside,
    pub(super) ledger: Ledger,
    pub(super) fault_count: u64,
}

impl World {
    pub(super) fn new(seed: u64, config: SimulationConfig) -> Self {
        let mut rng = Rng::new(seed);
        let nodes = (0..config.node_count)
            .map(|node| SimNode::new(node, rng.next() | 1))
            .collect();
        Self {
            config,
            now_us: 0,
            rng,
            due: BinaryHeap::new(),
            happenings: HashMap::new(),
            next: 0,
            network: Network::default(),
            nodes,
            raft: SimRaft::default(),
            store: SimStore::default(),
            outside: Outside::default(),
            ledger: Ledger::new(&config),
            fault_count: 0,
        }
    }

    pub(super) fn schedule(&mut self, at_us: i64, happening: Happening) {
        let at_us = at_us.max(self.now_us);
        self.due.push(Reverse((at_us, self.next)));
        self.happenings.insert(self.next, happening);
        self.next += 1;
    }

    /// Something of a node's own, in its present life.
    pub(super) fn schedule_local(&mut self, node: Node, delay_us: i64, local: Local) {
        let life = self.nodes[node].life;
        self.schedule(self.now_us + delay_us, Happening::Local { node, life, local });
    }

    /// The next happening; time is then.
    pub(super) fn next_happening(&mut self) -> Option<Happening> {
        let Reverse((at_us, number)) = self.due.pop()?;
        self.now_us = at_us;
        self.happenings.remove(&number)
    }

    /// How long a call to the store takes.
    pub(super) fn store_delay_us(&mut self) -> i64 {
        let delay_us = self.rng.range(500, 8_000);
        delay_us * (1 + self.store.slowness)
    }

    /// The node that has this id.
    pub(super) fn node_of(&self, id: u64) -> Option<Node> {
        self.nodes.iter().position(|node| node.id == id)
    }
}

/// The row of a split at a position.
pub(super) fn row(split: usize, position: u64) -> u64 {
    ((split as u64) << 32) | position
}

/// What a row adds to a sum.
pub(super) fn row_sum(row: u64) -> u64 {
    mix(row ^ 0x1234_5678_9abc_def1)
}

/// The key group of a row.
pub(super) fn group_of(row: u64, key_groups: u32) -> u32 {
    (mix(row) % u64::from(key_groups)) as u32
}

pub(super) const SOURCE: &str = "in#source";
pub(super) const KEYED: &str = "totals#aggregate";
pub(super) const SINK: &str = "out#sink";
