//! A whole assignment from the members, the pipeline and what was before.

use std::collections::BTreeMap;

use super::balance::{Candidate, balance};
use crate::coordinator::{Assignment, Member, NodeId, PipelineSpec, Placement, SplitPlacement};

/// What is to be placed.
#[derive(Debug)]
pub struct PlacementRequest<'a> {
    /// The pipeline.
    pub spec: &'a PipelineSpec,
    /// The nodes that may take work.
    pub members: Vec<&'a Member>,
    /// Who ran what before.
    pub previous: Option<&'a Assignment>,
    /// How heavy the key groups are; missing ones count 1.
    pub group_weights: &'a [u32],
}

/// Places a pipeline. `None` if there is no node, or not the one that the pipeline has its home on.
///
/// With less parallelism than nodes only so many nodes take part: those that had the pipeline before go first.
pub fn place(request: &PlacementRequest<'_>) -> Option<Assignment> {
    let nodes = chosen(request);
    let home = request.spec.home;
    if nodes.is_empty() || home != 0 && nodes.iter().all(|member| member.spec.node != home) {
        return None;
    }
    let key_groups = request.spec.key_groups as usize;
    let candidates: Vec<Candidate> = nodes.iter().map(|member| candidate(member)).collect();
    let previous: Vec<Option<NodeId>> = (0..key_groups)
        .map(|group| request.previous.and_then(|before| before.owner(group)))
        .collect();
    let owners = balance(&previous, &candidates, request.group_weights);
    let places: BTreeMap<NodeId, u32> = nodes.iter().map(|member| member.spec.node).zip(0..).collect();
    let place_of = |node: &NodeId| places.get(node).copied().unwrap_or_default();
    Some(Assignment {
        placements: placements(request.spec.parallelism, &nodes),
        owners: owners.iter().map(place_of).collect(),
        splits: splits(request, &candidates, place_of),
        standbys: Vec::new(),
    })
}

fn candidate(member: &Member) -> Candidate {
    Candidate {
        node: member.spec.node,
        weight: member.spec.weight,
    }
}

fn chosen<'a>(request: &PlacementRequest<'a>) -> Vec<&'a Member> {
    let had = |member: &&Member| {
        let before = request
            .previous
            .and_then(|before| before.placement(member.spec.node));
        before.is_some()
    };
    let mut nodes = request.members.clone();
    let is_home = |member: &&Member| member.spec.node == request.spec.home;
    nodes.sort_by_key(|member| (!is_home(member), !had(member), member.spec.node));
    nodes.truncate(request.spec.parallelism.max(1) as usize);
    nodes.sort_by_key(|member| member.spec.node);
    nodes
}

/// Subtasks by the nodes' weights, at least one for each.
fn placements(parallelism: u32, nodes: &[&Member]) -> Vec<Placement> {
    let candidates: Vec<Candidate> = nodes.iter().map(|member| candidate(member)).collect();
    let spare = (parallelism as usize).saturating_sub(nodes.len());
    let spread = balance(&vec![None; spare], &candidates, &[]);
    let mut first_subtask = 0;
    let placement = |member: &&Member| {
        let node = member.spec.node;
        let more = spread.iter().filter(|owner| **owner == node).count() as u32;
        let placement = Placement {
            node,
            incarnation: member.incarnation,
            first_subtask,
            subtask_count: 1 + more,
            name: member.spec.name.clone(),
            data_address: member.spec.data_address.clone(),
        };
        first_subtask += placement.subtask_count;
        placement
    };
    nodes.iter().map(placement).collect()
}

/// The splits of each source, spread by themselves.
fn splits(
    request: &PlacementRequest<'_>,
    candidates: &[Candidate],
    place_of: impl Fn(&NodeId) -> u32,
) -> Vec<SplitPlacement> {
    let mut placed = Vec::new();
    for source in &request.spec.sources {
        let before = |split: &String| {
            let before = request.previous?;
            let same =
                |placed: &&SplitPlacement| placed.operator_id == source.operator_id && placed.split == *split;
            let place = before.splits.iter().find(same)?.placement;
            Some(before.placements.get(place as usize)?.node)
        };
        let previous: Vec<Option<NodeId>> = source.splits.iter().map(before).collect();
        let owners = balance(&previous, candidates, &[]);
        placed.extend(
            source
                .splits
                .iter()
                .zip(&owners)
                .map(|(split, owner)| SplitPlacement {
                    operator_id: source.operator_id.clone(),
                    split: split.clone(),
                    placement: place_of(owner),
                }),
        );
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::{NodeSpec, SourceSplits};

    fn member(node: NodeId, incarnation: u64) -> Member {
        Member {
            spec: NodeSpec {
                node,
                can_process: true,
                ..NodeSpec::default()
            },
            incarnation,
            ..Member::default()
        }
    }

    fn spec(parallelism: u32) -> PipelineSpec {
        PipelineSpec {
            key_groups: 64,
            parallelism,
            sources: vec![SourceSplits {
                operator_id: "in".into(),
                splits: (0..4).map(|split| split.to_string()).collect(),
            }],
            ..PipelineSpec::default()
        }
    }

    fn run(spec: &PipelineSpec, members: &[Member], previous: Option<&Assignment>) -> Option<Assignment> {
        place(&PlacementRequest {
            spec,
            members: members.iter().collect(),
            previous,
            group_weights: &[],
        })
    }

    #[test]
    fn everything_is_placed_and_can_be_used() {
        let members = [member(5, 1), member(2, 2), member(9, 3)];
        let assignment = run(&spec(4), &members, None).unwrap();
        assert_eq!(assignment.fault(64), None);
        let nodes: Vec<_> = assignment
            .placements
            .iter()
            .map(|placement| placement.node)
            .collect();
        assert_eq!(nodes, [2, 5, 9]);
        assert_eq!(
            assignment
                .placements
                .iter()
                .map(|placement| placement.subtask_count)
                .sum::<u32>(),
            4
        );
        assert_eq!(assignment.splits.len(), 4);
    }

    #[test]
    fn what_a_lost_node_had_moves_and_nothing_else() {
        let members = [member(1, 1), member(2, 2), member(3, 3)];
        let before = run(&spec(3), &members, None).unwrap();
        let after = run(&spec(3), &members[..2], Some(&before)).unwrap();
        for group in 0..64 {
            let owner = before.owner(group).unwrap();
            assert!(owner == 3 || after.owner(group) == Some(owner));
        }
        for (before_split, after_split) in before.splits.iter().zip(&after.splits) {
            let node = before.placements[before_split.placement as usize].node;
            assert!(node == 3 || after.placements[after_split.placement as usize].node == node);
        }
    }

    /// How often a block of four key groups, as subtasks before have stored them, is read by those after.
    fn reads_per_block(before: &Assignment, after: &Assignment) -> f64 {
        let (before, after) = (before.subtasks(), after.subtasks());
        let mut stored: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (group, subtask) in before.iter().enumerate() {
            stored.entry(*subtask).or_default().push(group);
        }
        let blocks: Vec<&[usize]> = stored.values().flat_map(|groups| groups.chunks(4)).collect();
        let readers = |block: &&[usize]| {
            // A block is known by its first and its last group.
            let range = block[0]..=block[block.len() - 1];
            let readers: std::collections::BTreeSet<u32> = after[range].iter().copied().collect();
            readers.len()
        };
        blocks.iter().map(readers).sum::<usize>() as f64 / blocks.len() as f64
    }

    #[test]
    fn after_nodes_have_come_and_gone_what_was_stored_together_is_read_by_few() {
        let spec = PipelineSpec {
            key_groups: 1_024,
            ..spec(6)
        };
        let members = [member(11, 1), member(22, 2), member(33, 3)];
        let three = run(&spec, &members, None).unwrap();
        let two = run(&spec, &members[..2], Some(&three)).unwrap();
        let again = run(&spec, &members, Some(&two)).unwrap();
        for (before, after) in [(&three, &two), (&two, &again)] {
            let reads = reads_per_block(before, after);
            assert!(reads < 1.1, "each block is read {reads} times");
        }
    }

    #[test]
    fn with_little_parallelism_few_nodes_take_part_and_they_stay_the_same() {
        let members = [member(1, 1), member(2, 2), member(3, 3)];
        let before = run(&spec(1), &members[2..], None).unwrap();
        let after = run(&spec(1), &members, Some(&before)).unwrap();
        assert_eq!(after.placements.len(), 1);
        assert_eq!(after.placements[0].node, 3);
        assert_eq!(run(&spec(1), &[], None), None);
    }

    #[test]
    fn a_pipeline_with_a_home_runs_there_or_not_at_all() {
        let members = [member(1, 1), member(2, 2), member(3, 3)];
        let spec = PipelineSpec { home: 3, ..spec(1) };
        let before = run(
            &PipelineSpec {
                home: 0,
                ..spec.clone()
            },
            &members,
            None,
        )
        .unwrap();
        assert_eq!(before.placements[0].node, 1);
        let assignment = run(&spec, &members, Some(&before)).unwrap();
        let nodes = assignment.placements.iter().map(|placement| placement.node);
        assert_eq!(nodes.collect::<Vec<_>>(), [3]);
        assert_eq!(run(&spec, &members[..2], Some(&assignment)), None);
    }
}
