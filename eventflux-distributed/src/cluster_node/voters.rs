//! Who votes, as nodes join, leave and are lost for good.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use openraft::{BasicNode, ChangeMembers};

use crate::consensus::ConsensusRaft;
use crate::coordinator::{ClusterState, Member, NodeId, Standing};

/// More voters make every agreement slower and survive little more.
const VOTERS_MAX: usize = 5;

/// A new voter gets so long to learn everything.
const LEARN_WITHIN: Duration = Duration::from_secs(10);

/// The voters that a cluster ought to have: 1, 3 or 5. Who votes goes on to vote unless it leaves; nodes that may vote fill up.
///
/// A voter that is only away stays one: its return is more likely than that of the votes it would take with it. Two and four voters
/// survive no more than one and three do, so with an even number one of them stands back.
pub(super) fn wanted(state: &ClusterState, voters: &BTreeSet<NodeId>, leader: NodeId) -> BTreeSet<NodeId> {
    let standing = |node: NodeId| state.member(node).map(|member| member.standing());
    let stays = |node: &NodeId| !state.is_gone(*node) && !state.member(*node).is_some_and(Member::is_leaving);
    let mut chosen: Vec<NodeId> = voters.iter().copied().filter(stays).collect();
    chosen.sort_by_key(|node| (*node != leader, standing(*node) != Some(Standing::Up), *node));
    let others = state.members().filter(|member| {
        member.spec.can_coordinate && member.standing() == Standing::Up && !voters.contains(&member.spec.node)
    });
    chosen.extend(others.map(|member| member.spec.node));
    let count = chosen.len().min(VOTERS_MAX);
    chosen.truncate(count - usize::from(count > 0 && count.is_multiple_of(2)));
    match chosen.is_empty() {
        // Nobody else could vote.
        true => voters.clone(),
        false => chosen.into_iter().collect(),
    }
}

/// Makes these nodes the voters; new ones learn everything first, so that they never hold an agreement up.
pub(super) async fn change(raft: &ConsensusRaft, voters: BTreeMap<NodeId, String>) -> Result<(), String> {
    let known: BTreeSet<NodeId> = raft.voter_ids().collect();
    for (node, address) in voters.iter().filter(|(node, _)| !known.contains(node)) {
        let learning = raft.add_learner(*node, BasicNode::new(address), true);
        match tokio::time::timeout(LEARN_WITHIN, learning).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {
                return Err(format!(
                    "the node at {address} does not learn what is agreed on in time"
                ));
            }
        }
    }
    let ids = voters.into_keys().collect();
    let changed = raft
        .change_membership(ChangeMembers::ReplaceAllVoters(ids), false)
        .await;
    changed.map(drop).map_err(|error| error.to_string())
}

/// Keeps the voters as they ought to be, one change at a time, while this node leads.
#[derive(Debug, Clone, Default)]
pub(super) struct Keeper {
    is_busy: Arc<AtomicBool>,
}

impl Keeper {
    /// Changes them if they have to be.
    pub(super) fn look(&self, raft: &ConsensusRaft, state: &ClusterState, leader: NodeId) {
        let voters: BTreeSet<NodeId> = raft.voter_ids().collect();
        let wanted = wanted(state, &voters, leader);
        // A leader may have been lost in the middle of a change: it is brought to its end.
        let is_settled = {
            let metrics = raft.metrics();
            let metrics = metrics.borrow_watched();
            metrics.membership_config.membership().get_joint_config().len() <= 1
        };
        if (wanted == voters && is_settled) || self.is_busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let address = |node: NodeId| {
            let member = state.member(node);
            (
                node,
                member
                    .map(|member| member.spec.control_address.clone())
                    .unwrap_or_default(),
            )
        };
        let wanted = wanted.into_iter().map(address).collect();
        let (keeper, raft) = (self.clone(), raft.clone());
        tokio::spawn(async move {
            if let Err(error) = change(&raft, wanted).await {
                tracing::warn!("the voters cannot be changed: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            keeper.is_busy.store(false, Ordering::Release);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::{Change, Command, CommandId, NodeIncarnation, NodeRef, NodeSpec};

    /// A state with these nodes, of which all may vote: `up`, `down`, `leaving`, `left` (it was leaving, and is down), `gone`, `worker` (may
    /// not vote).
    fn state(nodes: &[(NodeId, &str)]) -> ClusterState {
        let mut state = ClusterState::default();
        let mut number = 0;
        let mut apply = |change| {
            number += 1;
            let id = CommandId { client: 1, number };
            let outcome = state.apply(&Command {
                id,
                change: Some(change),
            });
            assert!(outcome.is_done(), "{outcome}");
            outcome.granted
        };
        for (node, standing) in nodes.iter().copied() {
            let incarnation = apply(Change::Register(NodeSpec {
                node,
                name: node.to_string(),
                can_coordinate: standing != "worker",
                can_process: true,
                ..NodeSpec::default()
            }));
            match standing {
                "down" => drop(apply(Change::NodeLost(NodeIncarnation { node, incarnation }))),
                "leaving" => drop(apply(Change::Leave(NodeRef { node }))),
                "left" => {
                    apply(Change::Leave(NodeRef { node }));
                    apply(Change::NodeLost(NodeIncarnation { node, incarnation }));
                }
                "gone" => drop(apply(Change::Remove(NodeRef { node }))),
                _ => {}
            }
        }
        state
    }

    fn check(nodes: &[(NodeId, &str)], voters: &[NodeId], leader: NodeId, expected: &[NodeId]) {
        let found = wanted(&state(nodes), &voters.iter().copied().collect(), leader);
        assert_eq!(found, expected.iter().copied().collect(), "{nodes:?} {voters:?}");
    }

    #[test]
    fn nodes_that_may_vote_fill_up_to_an_odd_number() {
        check(&[(1, "up")], &[1], 1, &[1]);
        check(&[(1, "up"), (2, "up")], &[1], 1, &[1]);
        check(&[(1, "up"), (2, "up"), (3, "up")], &[1], 1, &[1, 2, 3]);
        check(&[(1, "up"), (2, "up"), (3, "worker")], &[1], 1, &[1]);
        let seven: Vec<_> = (1..=7).map(|node| (node, "up")).collect();
        check(&seven, &[5, 6, 7], 6, &[1, 2, 5, 6, 7]);
        check(&seven[..6], &[1, 2, 3, 4, 5], 2, &[1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_voter_that_is_away_stays_one_and_one_that_leaves_is_replaced() {
        check(
            &[(1, "up"), (2, "up"), (3, "down"), (4, "up")],
            &[1, 2, 3],
            1,
            &[1, 2, 3],
        );
        check(
            &[(1, "up"), (2, "up"), (3, "gone"), (4, "up")],
            &[1, 2, 3],
            1,
            &[1, 2, 4],
        );
        check(
            &[(1, "up"), (2, "up"), (3, "leaving"), (4, "up")],
            &[1, 2, 3],
            3,
            &[1, 2, 4],
        );
    }

    #[test]
    fn a_voter_that_is_lost_while_it_leaves_is_replaced_and_the_number_stays_odd() {
        let nodes = [(1, "up"), (2, "up"), (3, "left"), (4, "up")];
        check(&nodes, &[1, 2, 3], 1, &[1, 2, 4]);
        check(&nodes[..3], &[1, 2, 3], 2, &[2]);
        // Never two, of which each would have to be there: the one that is down counts as little as one that stands back.
        check(&[(1, "up"), (2, "down"), (3, "left")], &[1, 2, 3], 1, &[1]);
        let five = [(1, "up"), (2, "up"), (3, "up"), (4, "down"), (5, "left")];
        check(&five, &[1, 2, 3, 4, 5], 1, &[1, 2, 3]);
    }

    #[test]
    fn without_a_replacement_one_more_stands_back_and_the_leader_stays() {
        check(&[(1, "up"), (2, "up"), (3, "gone")], &[1, 2, 3], 2, &[2]);
        check(&[(1, "down"), (2, "up"), (3, "leaving")], &[1, 2, 3], 3, &[2]);
        check(&[(1, "leaving")], &[1], 1, &[1]);
    }

    #[test]
    fn voters_that_have_not_registered_yet_stay() {
        check(&[(1, "up")], &[1, 2, 3], 1, &[1, 2, 3]);
    }
}
