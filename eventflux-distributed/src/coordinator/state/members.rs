//! Changes of the membership.

use super::ClusterState;
use crate::coordinator::{Member, NodeId, NodeIncarnation, NodeSpec, Outcome, Refusal, Standing};

impl ClusterState {
    pub(super) fn register(&mut self, spec: &NodeSpec) -> Outcome {
        let node = spec.node;
        if node == 0 {
            return Outcome::refused(Refusal::Invalid, "a node's id is not 0");
        }
        if self.gone.contains(&node) {
            let message = format!(
                "node {node:016x} has left; it can join only as a new node, with an empty data directory"
            );
            return Outcome::refused(Refusal::Stale, message);
        }
        let namesake = self.members.values().find(|member| member.spec.name == spec.name);
        if let Some(namesake) = namesake
            && namesake.spec.node != node
        {
            let message = format!(
                "there is a node `{}` already, {:016x}; if it is gone for good, remove it first",
                spec.name, namesake.spec.node
            );
            return Outcome::refused(Refusal::Taken, message);
        }
        let incarnation = match Outcome::number_after(self.last_incarnation) {
            Ok(incarnation) => incarnation,
            Err(refused) => return refused,
        };
        self.last_incarnation = incarnation;
        // To start again does not take a leave back.
        let is_leaving = self.members.get(&node).is_some_and(Member::is_leaving);
        let standing = if is_leaving {
            Standing::Leaving
        } else {
            Standing::Up
        };
        let member = Member {
            spec: spec.clone(),
            incarnation,
            standing: standing.into(),
            was_leaving: false,
        };
        self.members.insert(node, member);
        Outcome::granted(incarnation)
    }

    pub(super) fn node_lost(&mut self, lost: &NodeIncarnation) -> Outcome {
        match self.members.get_mut(&lost.node) {
            Some(member) if member.incarnation == lost.incarnation => {
                member.was_leaving = member.is_leaving();
                member.set_standing(Standing::Down);
                Outcome::done()
            }
            Some(_) => Outcome::refused(Refusal::Stale, "the node has registered again since"),
            None => unknown_node(lost.node),
        }
    }

    pub(super) fn leave(&mut self, node: NodeId) -> Outcome {
        match self.members.get_mut(&node) {
            // It goes as it is.
            Some(member) if member.is_leaving() => Outcome::done(),
            Some(member) if member.standing() == Standing::Down => {
                let message = format!("node `{}` is not reached; remove it instead", member.spec.name);
                Outcome::refused(Refusal::Unready, message)
            }
            Some(member) => {
                member.set_standing(Standing::Leaving);
                Outcome::done()
            }
            None => unknown_node(node),
        }
    }

    pub(super) fn remove(&mut self, node: NodeId) -> Outcome {
        if self.gone.contains(&node) {
            return Outcome::done();
        }
        if self.members.remove(&node).is_none() {
            return unknown_node(node);
        }
        self.gone.insert(node);
        Outcome::done()
    }
}

fn unknown_node(node: NodeId) -> Outcome {
    Outcome::refused(Refusal::Unknown, format!("there is no node {node:016x}"))
}
