//! What was seen, and what must not be.
//!
//! Clients register nodes that do not exist, each under an id that is used once. A registration is granted the next
//! incarnation, so what is registered says in which order commands were applied: it is the log, as the state shows it.
//!
//! **Invariants**
//! - a term has one leader;
//! - an incarnation belongs to one registration, and a registration has one incarnation, on every node and at all times:
//!   nothing is applied twice, and nowhere in another order;
//! - what was answered is what was applied, and is never lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use eventflux_distributed::coordinator::{ClusterState, NodeId};

/// What has been seen so far.
#[derive(Debug, Default)]
pub struct Ledger {
    leaders: BTreeMap<u64, usize>,
    registered: BTreeMap<NodeId, u64>,
    granted: BTreeMap<u64, NodeId>,
    answered: BTreeMap<NodeId, u64>,
    pub unanswered_count: usize,
    pub violations: Vec<String>,
}

/// Ids of what clients register; nodes have random ones, which are larger.
pub const REGISTERED_MAX: NodeId = 1 << 32;

impl Ledger {
    fn violated(&mut self, violation: String) {
        // One thing that is wrong is seen again and again.
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    /// A host leads in a term.
    pub fn leads(&mut self, host: usize, term: u64) {
        let leader = *self.leaders.entry(term).or_insert(host);
        if leader != host {
            self.violated(format!("term {term} has two leaders, hosts {leader} and {host}"));
        }
    }

    /// A host has applied so much.
    pub fn applied(&mut self, host: usize, state: &ClusterState) {
        for member in state.members().filter(|member| member.spec.node < REGISTERED_MAX) {
            let (node, incarnation) = (member.spec.node, member.incarnation);
            let first = *self.registered.entry(node).or_insert(incarnation);
            if first != incarnation {
                self.violated(format!(
                    "host {host} has applied registration {node} as {incarnation}, and it was {first}"
                ));
            }
            let owner = *self.granted.entry(incarnation).or_insert(node);
            if owner != node {
                self.violated(format!(
                    "host {host} has granted {incarnation} to registration {node}, and it was {owner}'s"
                ));
            }
        }
    }

    /// A client was answered.
    pub fn answered(&mut self, node: NodeId, incarnation: u64) {
        self.answered.insert(node, incarnation);
        let registered = self.registered.get(&node).copied();
        if registered.is_some_and(|registered| registered != incarnation) {
            self.violated(format!(
                "registration {node} was answered {incarnation}, and was applied as {registered:?}"
            ));
        }
    }

    /// What was answered and is not in a state.
    pub fn missing(&self, state: &ClusterState) -> usize {
        let is_missing = |(node, incarnation): &(&NodeId, &u64)| {
            state
                .member(**node)
                .is_none_or(|member| member.incarnation != **incarnation)
        };
        self.answered.iter().filter(is_missing).count()
    }

    /// The run is over, and these are the states of all hosts.
    pub fn finish(&mut self, states: &[Arc<ClusterState>]) {
        for (host, state) in states.iter().enumerate() {
            let missing = self.missing(state);
            if missing > 0 {
                self.violated(format!(
                    "host {host} lacks {missing} of {} answered registrations",
                    self.answered.len()
                ));
            }
            if *state != states[0] {
                self.violated(format!("hosts 0 and {host} have applied the same and differ"));
            }
        }
    }

    pub fn answered_count(&self) -> usize {
        self.answered.len()
    }

    pub fn term_count(&self) -> usize {
        self.leaders.len()
    }

    pub fn timed_out(&mut self) {
        self.violated("the hosts do not come to the same state after the last fault".to_owned());
    }
}
