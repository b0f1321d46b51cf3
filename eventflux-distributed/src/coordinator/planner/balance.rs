//! Spreads weighted groups over weighted nodes, moving as little as it can.

use std::collections::BTreeMap;

use super::rendezvous::preference;
use crate::coordinator::NodeId;

/// A node that can own groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Its share of the load, relative to the others'; 0 counts as 1.
    pub weight: u32,
}

/// A node is left alone while it has at most this part more than its share: 1/200.
const TOLERANCE: i128 = 200;

/// The owner of every group.
///
/// `previous` says who owned the groups before (`None`: nobody, or somebody that is not known); `weights` says how heavy they
/// are, 0 counts as 1. Empty if there are no candidates.
///
/// 1. A group stays where it is if its owner is a candidate.
/// 2. The others go, heaviest first, to the node that lacks most; of equal nodes to the one that the group prefers. Of those of one weight
///    each node then gets a range, and no more or fewer: what was stored together is read by as few as can be.
/// 3. While it makes two nodes more alike, the node that lacks most takes a group from one that has too much, from its end.
///
/// ```
/// use eventflux_distributed::coordinator::planner::{Candidate, balance};
///
/// let nodes = |ids: &[u64]| ids.iter().map(|node| Candidate { node: *node, weight: 1 }).collect::<Vec<_>>();
/// let before = balance(&vec![None; 12], &nodes(&[1, 2]), &[1; 12]);
/// let previous: Vec<_> = before.iter().map(|node| Some(*node)).collect();
/// let after = balance(&previous, &nodes(&[1, 2, 3]), &[1; 12]);
/// let moved = before.iter().zip(&after).filter(|(before, after)| before != after);
/// assert_eq!(moved.count(), 4);
/// ```
pub fn balance(previous: &[Option<NodeId>], candidates: &[Candidate], weights: &[u32]) -> Vec<NodeId> {
    let mut nodes: Vec<Load> = candidates.iter().map(Load::new).collect();
    nodes.sort_by_key(|load| load.node);
    nodes.dedup_by_key(|load| load.node);
    if nodes.is_empty() {
        return Vec::new();
    }
    let mut plan = Plan::new(nodes, weights, previous.len());
    plan.keep(previous);
    plan.place();
    plan.even_out();
    plan.owners()
}

/// What a node has.
struct Load {
    node: NodeId,
    weight: i128,
    groups: Vec<usize>,
    /// The sum of its groups' weights.
    load: i128,
}

impl Load {
    fn new(candidate: &Candidate) -> Self {
        Self {
            node: candidate.node,
            weight: i128::from(candidate.weight.max(1)),
            groups: Vec::new(),
            load: 0,
        }
    }
}

fn weight(weights: &[u32], group: usize) -> i128 {
    i128::from(weights.get(group).copied().unwrap_or(1).max(1))
}

struct Plan<'a> {
    nodes: Vec<Load>,
    weights: &'a [u32],
    /// All nodes' weights, and all groups': a node's share is `group_total * weight / node_total`.
    node_total: i128,
    group_total: i128,
    homeless: Vec<usize>,
    group_count: usize,
}

impl<'a> Plan<'a> {
    fn new(nodes: Vec<Load>, weights: &'a [u32], group_count: usize) -> Self {
        let mut plan = Self {
            node_total: nodes.iter().map(|node| node.weight).sum(),
            nodes,
            weights,
            group_total: 0,
            homeless: Vec::new(),
            group_count,
        };
        plan.group_total = (0..group_count).map(|group| plan.weight(group)).sum();
        plan
    }

    fn weight(&self, group: usize) -> i128 {
        weight(self.weights, group)
    }

    /// What a node has above its share, times `node_total`, so that it is exact.
    fn surplus(&self, node: &Load) -> i128 {
        node.load * self.node_total - self.group_total * node.weight
    }

    fn give(&mut self, node: usize, group: usize) {
        let weight = self.weight(group);
        self.nodes[node].load += weight;
        self.nodes[node].groups.push(group);
    }

    fn keep(&mut self, previous: &[Option<NodeId>]) {
        let places: BTreeMap<NodeId, usize> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(place, node)| (node.node, place))
            .collect();
        for (group, owner) in previous.iter().enumerate() {
            match owner.and_then(|owner| places.get(&owner)) {
                Some(place) => self.give(*place, group),
                None => self.homeless.push(group),
            }
        }
    }

    fn place(&mut self) {
        let weights = self.weights;
        let mut homeless = std::mem::take(&mut self.homeless);
        homeless.sort_by_key(|group| (-self.weight(*group), *group));
        for alike in homeless.chunk_by(|left, right| weight(weights, *left) == weight(weights, *right)) {
            let kept: Vec<usize> = self.nodes.iter().map(|node| node.groups.len()).collect();
            self.place_alike(alike);
            let mut ranges = alike.iter();
            for (node, kept) in self.nodes.iter_mut().zip(kept) {
                node.groups[kept..]
                    .iter_mut()
                    .zip(&mut ranges)
                    .for_each(|(given, group)| *given = *group);
            }
        }
    }

    fn place_alike(&mut self, groups: &[usize]) {
        for &group in groups {
            let place = (0..self.nodes.len()).min_by(|left, right| {
                let (left, right) = (&self.nodes[*left], &self.nodes[*right]);
                // Relative to the nodes' weights, so that a big node does not take all of the first groups.
                let emptier = (self.surplus(left) * right.weight).cmp(&(self.surplus(right) * left.weight));
                emptier.then_with(|| {
                    preference(group as u64, right.node).cmp(&preference(group as u64, left.node))
                })
            });
            self.give(place.unwrap_or_default(), group);
        }
    }

    fn even_out(&mut self) {
        // Each move lessens the sum of the squares of all surpluses, so this ends; the bound is for the reader.
        for _ in 0..self.group_count * 4 {
            if !self.move_one() {
                return;
            }
        }
    }

    /// Moves one group to the node that lacks most, if that makes loads more alike.
    fn move_one(&mut self) -> bool {
        let mut by_surplus: Vec<usize> = (0..self.nodes.len()).collect();
        by_surplus.sort_by_key(|place| (-self.surplus(&self.nodes[*place]), self.nodes[*place].node));
        let Some(taker) = by_surplus.pop() else {
            return false;
        };
        for giver in by_surplus {
            let surplus = self.surplus(&self.nodes[giver]);
            let share = self.group_total * self.nodes[giver].weight;
            if surplus * TOLERANCE <= share && -self.surplus(&self.nodes[taker]) * TOLERANCE <= share {
                return false;
            }
            if let Some(index) = self.best_to_move(giver, taker) {
                let group = self.nodes[giver].groups.swap_remove(index);
                self.nodes[giver].load -= self.weight(group);
                self.give(taker, group);
                return true;
            }
        }
        false
    }

    /// The place, among the giver's groups, of the one whose move leaves the two nodes most alike.
    fn best_to_move(&self, giver: usize, taker: usize) -> Option<usize> {
        let (giver, taker) = (&self.nodes[giver], &self.nodes[taker]);
        let gap = self.surplus(giver) - self.surplus(taker);
        let fitting = giver.groups.iter().enumerate().filter_map(|(index, group)| {
            let moved = self.weight(*group) * self.node_total;
            (moved < gap).then_some((index, *group, moved))
        });
        let best = fitting.min_by_key(|(_, group, moved)| {
            let left_over = (gap - 2 * moved).abs();
            (left_over, std::cmp::Reverse(*group))
        });
        best.map(|(index, ..)| index)
    }

    fn owners(&self) -> Vec<NodeId> {
        let mut owners = vec![self.nodes[0].node; self.group_count];
        for node in &self.nodes {
            for group in &node.groups {
                owners[*group] = node.node;
            }
        }
        owners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: impl IntoIterator<Item = NodeId>) -> Vec<Candidate> {
        ids.into_iter()
            .map(|node| Candidate { node, weight: 1 })
            .collect()
    }

    fn moves(before: &[NodeId], after: &[NodeId]) -> usize {
        before
            .iter()
            .zip(after)
            .filter(|(before, after)| before != after)
            .count()
    }

    fn known(owners: &[NodeId]) -> Vec<Option<NodeId>> {
        owners.iter().copied().map(Some).collect()
    }

    /// The largest load over the mean.
    fn skew(owners: &[NodeId], weights: &[u32], candidates: &[Candidate]) -> f64 {
        let mut loads: BTreeMap<NodeId, f64> = candidates.iter().map(|node| (node.node, 0.0)).collect();
        for (owner, weight) in owners.iter().zip(weights) {
            *loads.get_mut(owner).unwrap() += f64::from(*weight);
        }
        let total: f64 = loads.values().sum();
        let shares: u32 = candidates.iter().map(|node| node.weight).sum();
        let over = candidates
            .iter()
            .map(|node| loads[&node.node] / (total * f64::from(node.weight) / f64::from(shares)));
        over.fold(0.0, f64::max)
    }

    const GROUPS: usize = 10_000;

    #[test]
    fn ten_thousand_groups_on_a_hundred_nodes_are_even_and_moves_are_ideal() {
        let weights = vec![1; GROUPS];
        let hundred = nodes(0..100);
        let before = balance(&vec![None; GROUPS], &hundred, &weights);
        assert!((skew(&before, &weights, &hundred) - 1.0).abs() < 1e-9);

        let joined = nodes(0..101);
        let after_join = balance(&known(&before), &joined, &weights);
        assert_eq!(moves(&before, &after_join), 99);
        assert!(skew(&after_join, &weights, &joined) <= 1.011);

        let left = nodes((0..100).filter(|node| *node != 42));
        let after_leave = balance(&known(&before), &left, &weights);
        assert_eq!(moves(&before, &after_leave), 100);
        assert!(skew(&after_leave, &weights, &left) <= 1.011);
    }

    #[test]
    fn hot_groups_are_spread_by_weight() {
        let weights: Vec<u32> = (0..GROUPS)
            .map(|group| if group % 100 == 7 { 20 } else { 1 })
            .collect();
        let hundred = nodes(0..100);
        let uniform = balance(&vec![None; GROUPS], &hundred, &[1; GROUPS]);
        // The weights become known later: only what has to move does.
        let after = balance(&known(&uniform), &hundred, &weights);
        let skew = skew(&after, &weights, &hundred);
        assert!(skew <= 1.01, "{skew}");
        assert!(
            moves(&uniform, &after) < GROUPS / 5,
            "{}",
            moves(&uniform, &after)
        );
    }

    #[test]
    fn a_node_of_twice_the_weight_has_twice_the_load() {
        let candidates = [(1, 1), (2, 2), (3, 1)].map(|(node, weight)| Candidate { node, weight });
        let owners = balance(&vec![None; 1_024], &candidates, &[1; 1_024]);
        let count = |node| owners.iter().filter(|owner| **owner == node).count();
        assert_eq!((count(1), count(2), count(3)), (256, 512, 256));
    }

    #[test]
    fn nothing_moves_when_nothing_changed_and_the_order_of_nodes_does_not_matter() {
        let weights = vec![1; 1_000];
        let before = balance(&vec![None; 1_000], &nodes([3, 1, 2]), &weights);
        assert_eq!(before, balance(&vec![None; 1_000], &nodes([2, 3, 1]), &weights));
        assert_eq!(before, balance(&known(&before), &nodes([1, 2, 3]), &weights));
    }

    #[test]
    fn no_nodes_own_nothing() {
        assert!(balance(&[None; 4], &[], &[1; 4]).is_empty());
    }

    proptest::proptest! {
        /// A long history of joins and leaves ends as even as a fresh start, and each step moves about what it has to.
        #[test]
        fn histories_stay_even(steps in proptest::collection::vec((proptest::bool::ANY, 0_u64..12), 1..20)) {
            let weights = vec![1; 256];
            let mut up: std::collections::BTreeSet<NodeId> = [0, 1].into();
            let mut owners = balance(&vec![None; 256], &nodes(up.iter().copied()), &weights);
            for (is_join, node) in steps {
                if is_join { up.insert(node); } else if up.len() > 1 { up.remove(&node); }
                let candidates = nodes(up.iter().copied());
                let after = balance(&known(&owners), &candidates, &weights);
                let lost = owners.iter().filter(|owner| !up.contains(owner)).count();
                proptest::prop_assert!(moves(&owners, &after) <= lost.max(256 / up.len() + 1));
                let counts: Vec<_> = up.iter().map(|node| after.iter().filter(|owner| *owner == node).count()).collect();
                proptest::prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{:?}", counts);
                owners = after;
            }
        }
    }
}
