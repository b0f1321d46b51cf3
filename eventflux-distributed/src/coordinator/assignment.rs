//! Who runs what in one generation.

use eventflux_core::key::KeyGroupMap;

use super::node::NodeId;

/// The part of a pipeline that one node runs.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Placement {
    /// The node.
    #[prost(fixed64, tag = "1")]
    pub node: NodeId,
    /// Which of its lives. A node that has restarted has lost what it ran.
    #[prost(uint64, tag = "2")]
    pub incarnation: u64,
    /// Of each parallel operator it runs the subtasks from this number …
    #[prost(uint32, tag = "3")]
    pub first_subtask: u32,
    /// … on, so many.
    #[prost(uint32, tag = "4")]
    pub subtask_count: u32,
    /// What people call the node; its certificates are made out to this name.
    #[prost(string, tag = "5")]
    pub name: String,
    /// Where the others reach its data plane.
    #[prost(string, tag = "6")]
    pub data_address: String,
}

/// One partition of the outside system, and who reads it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, prost::Message)]
pub struct SplitPlacement {
    /// The source.
    #[prost(string, tag = "1")]
    pub operator_id: String,
    /// The source's own name of the split.
    #[prost(string, tag = "2")]
    pub split: String,
    /// The place in [`Assignment::placements`].
    #[prost(uint32, tag = "3")]
    pub placement: u32,
}

/// Who runs what in one generation of a pipeline.
///
/// **Invariants** (checked when it is proposed, see [`Assignment::fault`]) Placements are of different nodes and their
/// subtasks are numbered on from 0; every key group and every split has one owner.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Assignment {
    /// The nodes.
    #[prost(message, repeated, tag = "1")]
    pub placements: Vec<Placement>,
    /// By key group, the place of its owner in `placements`.
    #[prost(uint32, repeated, tag = "2")]
    pub owners: Vec<u32>,
    /// Who reads what.
    #[prost(message, repeated, tag = "3")]
    pub splits: Vec<SplitPlacement>,
    /// By key group, the places of nodes that follow its owner. Empty as long as there are no standbys.
    #[prost(message, repeated, tag = "4")]
    pub standbys: Vec<Standbys>,
}

/// The nodes that follow a key group's owner.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Standbys {
    /// Their places in [`Assignment::placements`].
    #[prost(uint32, repeated, tag = "1")]
    pub placements: Vec<u32>,
}

impl Assignment {
    /// The node that owns a key group.
    pub fn owner(&self, key_group: usize) -> Option<NodeId> {
        let place = *self.owners.get(key_group)?;
        Some(self.placements.get(place as usize)?.node)
    }

    /// What a node runs.
    pub fn placement(&self, node: NodeId) -> Option<&Placement> {
        self.placements.iter().find(|placement| placement.node == node)
    }

    /// By key group, the number of the subtask that has it. Each subtask has a range of its node's groups, so that a restore finds
    /// together what a subtask has stored together.
    pub fn subtasks(&self) -> Vec<u32> {
        let mut group_counts = vec![0_u64; self.placements.len()];
        for place in &self.owners {
            if let Some(count) = group_counts.get_mut(*place as usize) {
                *count += 1;
            }
        }
        let mut next = vec![0_u64; self.placements.len()];
        let subtask = |place: &u32| {
            let place = *place as usize;
            let (Some(placement), Some(next)) = (self.placements.get(place), next.get_mut(place)) else {
                return 0;
            };
            let of_node = *next * u64::from(placement.subtask_count) / group_counts[place].max(1);
            *next += 1;
            placement
                .first_subtask
                .saturating_add(u32::try_from(of_node).unwrap_or(u32::MAX))
        };
        self.owners.iter().map(subtask).collect()
    }

    /// By key group, the subtask that has it, as a run wants it.
    ///
    /// **Errors** It names a subtask that there is not.
    pub fn key_group_map(&self) -> eventflux_core::Result<KeyGroupMap> {
        let counts = self
            .placements
            .iter()
            .map(|placement| placement.subtask_count as usize);
        KeyGroupMap::explicit(self.subtasks(), counts.sum())
    }

    /// Why it cannot be used, if it cannot.
    pub fn fault(&self, key_groups: u32) -> Option<String> {
        if self.owners.len() != key_groups as usize {
            return Some(format!(
                "it assigns {} of {key_groups} key groups",
                self.owners.len()
            ));
        }
        let mut next_subtask = 0;
        for (place, placement) in self.placements.iter().enumerate() {
            if self.placements[..place]
                .iter()
                .any(|earlier| earlier.node == placement.node)
            {
                return Some(format!("node {:016x} occurs twice", placement.node));
            }
            if placement.first_subtask != next_subtask || placement.subtask_count == 0 {
                return Some(format!(
                    "the subtasks of node {:016x} do not follow",
                    placement.node
                ));
            }
            let Some(next) = placement.first_subtask.checked_add(placement.subtask_count) else {
                return Some(format!("node {:016x} has too many subtasks", placement.node));
            };
            next_subtask = next;
        }
        let places = self.placements.len() as u32;
        let used = self
            .owners
            .iter()
            .chain(self.splits.iter().map(|split| &split.placement));
        let followers = self.standbys.iter().flat_map(|standbys| &standbys.placements);
        let mut used = used.chain(followers);
        used.any(|place| *place >= places)
            .then(|| "it names a node that it does not have".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment() -> Assignment {
        let placement = |node, first_subtask, subtask_count| Placement {
            node,
            incarnation: 1,
            first_subtask,
            subtask_count,
            ..Placement::default()
        };
        Assignment {
            placements: vec![placement(7, 0, 2), placement(9, 2, 1)],
            owners: vec![0, 1, 0, 0],
            ..Assignment::default()
        }
    }

    #[test]
    fn each_subtask_has_a_range_of_its_nodes_groups() {
        assert_eq!(assignment().subtasks(), [0, 2, 0, 1]);
        let mut more = assignment();
        more.owners = vec![0, 0, 1, 0, 1, 0, 0, 1];
        assert_eq!(more.subtasks(), [0, 0, 2, 0, 2, 1, 1, 2]);
        more.owners = vec![1, 0];
        assert_eq!(more.subtasks(), [2, 0], "the second subtask has nothing");
        assert_eq!(assignment().owner(1), Some(9));
        assert_eq!(assignment().owner(4), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(assignment().fault(4), None);
        assert_eq!(assignment().fault(5).unwrap(), "it assigns 4 of 5 key groups");
        let mut twice = assignment();
        twice.placements[1].node = 7;
        assert_eq!(twice.fault(4).unwrap(), "node 0000000000000007 occurs twice");
        let mut gap = assignment();
        gap.placements[1].first_subtask = 3;
        assert_eq!(
            gap.fault(4).unwrap(),
            "the subtasks of node 0000000000000009 do not follow"
        );
        let mut many = assignment();
        many.placements[1].subtask_count = u32::MAX - 1;
        assert_eq!(
            many.fault(4).unwrap(),
            "node 0000000000000009 has too many subtasks"
        );
        let mut unknown = assignment();
        unknown.owners[0] = 2;
        assert_eq!(unknown.fault(4).unwrap(), "it names a node that it does not have");
    }
}
