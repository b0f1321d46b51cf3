//! The network between nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{Happening, Message, Node};
use super::world::World;

/// Who reaches whom, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// Messages from one node to another arrive in order.
    last_arrival_us: BTreeMap<(Node, Node), i64>,
    /// Pairs, in this direction, that are cut.
    cut: BTreeSet<(Node, Node)>,
    /// Connections of a generation that have lost something: nothing arrives over them any more.
    broken: BTreeSet<(u64, Node, Node)>,
    /// Nodes with slow links, and how slow, microseconds.
    slow_us: BTreeMap<Node, i64>,
}

impl Network {
    pub(super) fn is_cut(&self, from: Node, to: Node) -> bool {
        from != to && self.cut.contains(&(from, to))
    }

    pub(super) fn reaches_both_ways(&self, one: Node, other: Node) -> bool {
        !self.is_cut(one, other) && !self.is_cut(other, one)
    }

    pub(super) fn heal(&mut self) {
        self.cut.clear();
        self.slow_us.clear();
    }

    pub(super) fn slow_down(&mut self, node: Node, by_us: i64) {
        self.slow_us.insert(node, by_us);
    }
}

impl World {
    /// Sends a message. It arrives in order, later, or not at all.
    pub(super) fn send(&mut self, from: Node, to: Node, message: Message) {
        let generation = match &message {
            Message::Rows { generation, .. } | Message::Barrier { generation, .. } => Some(*generation),
            _ => None,
        };
        let is_broken =
            generation.is_some_and(|generation| self.network.broken.contains(&(generation, from, to)));
        if is_broken || self.network.is_cut(from, to) {
            self.network
                .broken
                .extend(generation.map(|generation| (generation, from, to)));
            return;
        }
        let arrival_us = self.arrival_us(from, to);
        self.schedule(arrival_us, Happening::Arrives { from, to, message });
    }

    /// Sends a message past those that are on their way.
    pub(super) fn send_ahead(&mut self, from: Node, to: Node, message: Message) {
        if !self.network.is_cut(from, to) {
            self.schedule(self.now_us + 1, Happening::Arrives { from, to, message });
        }
    }

    fn arrival_us(&mut self, from: Node, to: Node) -> i64 {
        let slow = |node: &Node| self.network.slow_us.get(node).copied().unwrap_or_default();
        let slow_us = slow(&from).max(slow(&to));
        let mut delay_us = self.rng.range(100, 3_000);
        if self.rng.per_mille(5) {
            delay_us += self.rng.range(0, 200_000);
        }
        if slow_us > 0 {
            delay_us += self.rng.range(0, slow_us);
        }
        let last_us = self.network.last_arrival_us.entry((from, to)).or_default();
        *last_us = (self.now_us + delay_us).max(*last_us + 1);
        *last_us
    }

    /// Cuts pairs. Connections over them break, at each end when it notices.
    pub(super) fn cut(&mut self, pairs: Vec<(Node, Node)>) {
        for (from, to) in pairs {
            self.network.cut.insert((from, to));
            self.connection_lost(from, to);
        }
    }

    /// Both ends of a connection learn that it is lost.
    pub(super) fn connection_lost(&mut self, one: Node, other: Node) {
        for (node, peer) in [(one, other), (other, one)] {
            let delay_us = self.rng.range(1_000, 400_000);
            self.edge_lost(node, peer, delay_us);
        }
    }
}
