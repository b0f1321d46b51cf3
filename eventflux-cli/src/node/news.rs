//! Lines for people, from what changes.

use std::collections::BTreeMap;

use eventflux_distributed::cluster_node::Contact;
use eventflux_distributed::coordinator::{ClusterState, NodeId, Pipeline, PipelineId, Standing};

use crate::admin::name_of;

/// What was told last.
#[derive(Debug, Default)]
pub struct News {
    node: NodeId,
    is_joined: bool,
    leader: Option<NodeId>,
    members: BTreeMap<NodeId, (String, Standing)>,
    pipelines: BTreeMap<PipelineId, Told>,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// As it should be.
    Note(String),
    /// Somebody may have to do something.
    Warning(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    name: String,
    generation: u64,
    is_running: bool,
    is_finished: bool,
    failure: String,
}

impl Told {
    fn of(pipeline: &Pipeline) -> Self {
        Self {
            name: pipeline.spec.name.clone(),
            generation: pipeline.generation,
            is_running: pipeline.assignment.is_some(),
            is_finished: pipeline.is_finished,
            failure: pipeline.failure.clone(),
        }
    }
}

impl News {
    /// For a node that has told nothing yet.
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            ..Self::default()
        }
    }

    /// How the node stands with its cluster.
    pub fn of_contact(&mut self, contact: &Contact) -> Vec<Line> {
        let Contact::Connected { leader, address, .. } = contact else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        if !self.is_joined {
            lines.push(Line::Note("joined the cluster".to_owned()));
        }
        if self.leader != Some(*leader) {
            lines.push(Line::Note(match *leader == self.node {
                true => "leads the cluster".to_owned(),
                false => format!("follows the leader at {address}"),
            }));
        }
        self.is_joined = true;
        self.leader = Some(*leader);
        lines
    }

    /// What the cluster agrees on now.
    pub fn of_state(&mut self, state: &ClusterState) -> Vec<Line> {
        let mut lines = self.of_members(state);
        let now: BTreeMap<_, _> = state
            .pipelines()
            .map(|pipeline| (pipeline.id, pipeline))
            .collect();
        for (id, pipeline) in &now {
            let told = Told::of(pipeline);
            let before = self.pipelines.insert(*id, told.clone());
            if before.as_ref() != Some(&told) {
                lines.extend(line(before.as_ref(), &told, pipeline, state));
            }
        }
        self.pipelines.retain(|id, told| {
            let is_there = now.contains_key(id);
            if !is_there {
                lines.push(Line::Note(format!("pipeline `{}` is removed", told.name)));
            }
            is_there
        });
        lines
    }

    fn of_members(&mut self, state: &ClusterState) -> Vec<Line> {
        let mut lines = Vec::new();
        let now: BTreeMap<NodeId, (String, Standing)> = state
            .members()
            .map(|member| (member.spec.node, (member.spec.name.clone(), member.standing())))
            .collect();
        for (node, (name, standing)) in &now {
            let before = self.members.get(node).map(|(_, standing)| *standing);
            if *node == self.node || before == Some(*standing) {
                continue;
            }
            lines.extend(match (before, standing) {
                (_, Standing::Up) => Some(Line::Note(format!("node `{name}` is there"))),
                (None, Standing::Down) => None,
                (_, Standing::Down) => Some(Line::Warning(format!("node `{name}` is gone"))),
                (_, Standing::Leaving) => Some(Line::Note(format!("node `{name}` is leaving"))),
            });
        }
        for (node, (name, _)) in &self.members {
            if !now.contains_key(node) {
                lines.push(Line::Note(format!("node `{name}` is no member any more")));
            }
        }
        self.members = now;
        lines
    }
}

fn line(before: Option<&Told>, told: &Told, pipeline: &Pipeline, state: &ClusterState) -> Option<Line> {
    let name = &told.name;
    if !told.failure.is_empty() {
        if before.is_some_and(|before| before.failure == told.failure) {
            return None;
        }
        return Some(Line::Warning(format!(
            "pipeline `{name}` failed: {}",
            told.failure
        )));
    }
    if told.is_finished {
        // At first its nodes have still to make its last output visible, then it comes to rest.
        if before.is_some_and(|before| before.is_finished) {
            return None;
        }
        return Some(Line::Note(format!(
            "pipeline `{name}` has read all of its input, and is finished"
        )));
    }
    if let Some(assignment) = &pipeline.assignment {
        let nodes = assignment.placements.iter();
        let nodes: Vec<String> = nodes.map(|placement| name_of(state, placement.node)).collect();
        return Some(Line::Note(format!(
            "pipeline `{name}` starts on {} (generation {})",
            nodes.join(", "),
            told.generation
        )));
    }
    match before {
        None => Some(Line::Note(format!("pipeline `{name}` is submitted"))),
        Some(before) if before.is_running => Some(Line::Note(format!("pipeline `{name}` has stopped"))),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use eventflux_distributed::coordinator::{
        Assignment, BeginEpoch, BeginGeneration, Change, Command, CommandId, CommitEpoch, FailPipeline,
        HaltPipeline, ManifestRef, NodeIncarnation, NodeRef, NodeSpec, PipelineSpec, Placement,
    };

    use super::*;

    /// Applies changes and collects what is told of each.
    struct Told {
        state: ClusterState,
        news: News,
        number: u64,
    }

    impl Told {
        fn new(node: NodeId) -> Self {
            Self {
                state: ClusterState::default(),
                news: News::new(node),
                number: 0,
            }
        }

        #[track_caller]
        fn after(&mut self, change: Change, expected: &[&str]) {
            self.number += 1;
            let id = CommandId {
                client: 1,
                number: self.number,
            };
            let outcome = self.state.apply(&Command {
                id,
                change: Some(change),
            });
            assert!(outcome.is_done(), "{}", outcome.message);
            let lines = self
                .news
                .of_state(&self.state)
                .into_iter()
                .map(|line| match line {
                    Line::Note(text) => text,
                    Line::Warning(text) => format!("! {text}"),
                });
            assert_eq!(lines.collect::<Vec<_>>(), expected);
            assert_eq!(self.news.of_state(&self.state), [], "it is told once");
        }
    }

    fn register(node: NodeId, name: &str) -> Change {
        Change::Register(NodeSpec {
            node,
            name: name.into(),
            can_process: true,
            ..NodeSpec::default()
        })
    }

    fn lost(node: NodeId, incarnation: u64) -> Change {
        Change::NodeLost(NodeIncarnation { node, incarnation })
    }

    /// A pipeline `p`.
    fn submit() -> Change {
        Change::Submit(PipelineSpec {
            name: "p".into(),
            key_groups: 4,
            parallelism: 1,
            ..PipelineSpec::default()
        })
    }

    /// The first node runs it from now on.
    fn begin(after: u64) -> Change {
        let assignment = Assignment {
            placements: vec![Placement {
                node: 1,
                incarnation: 1,
                subtask_count: 1,
                ..Placement::default()
            }],
            owners: vec![0; 4],
            ..Assignment::default()
        };
        Change::BeginGeneration(BeginGeneration {
            pipeline: 1,
            after,
            assignment,
        })
    }

    #[test]
    fn others_come_and_go() {
        let mut told = Told::new(1);
        told.after(register(1, "a"), &[]);
        told.after(register(2, "b"), &["node `b` is there"]);
        told.after(lost(2, 2), &["! node `b` is gone"]);
        told.after(register(2, "b"), &["node `b` is there"]);
        told.after(Change::Leave(NodeRef { node: 2 }), &["node `b` is leaving"]);
        told.after(
            Change::Remove(NodeRef { node: 2 }),
            &["node `b` is no member any more"],
        );
    }

    #[test]
    fn a_pipeline_is_spoken_of_from_its_submission_to_its_end() {
        let mut told = Told::new(1);
        told.after(register(1, "a"), &[]);
        told.after(submit(), &["pipeline `p` is submitted"]);
        told.after(begin(0), &["pipeline `p` starts on a (generation 1)"]);
        told.after(begin(1), &["pipeline `p` starts on a (generation 2)"]);
        let fail = FailPipeline {
            pipeline: 1,
            generation: 2,
            message: "no disk".into(),
        };
        told.after(Change::Fail(fail), &["! pipeline `p` failed: no disk"]);
    }

    #[test]
    fn a_pipeline_that_has_read_everything_is_spoken_of_once() {
        let mut told = Told::new(1);
        told.after(register(1, "a"), &[]);
        told.after(submit(), &["pipeline `p` is submitted"]);
        told.after(begin(0), &["pipeline `p` starts on a (generation 1)"]);
        told.after(
            Change::BeginEpoch(BeginEpoch {
                pipeline: 1,
                generation: 1,
            }),
            &[],
        );
        let commit = CommitEpoch {
            pipeline: 1,
            generation: 1,
            epoch: 1,
            manifest: ManifestRef {
                sequence: 1,
                ..ManifestRef::default()
            },
            is_last: true,
        };
        told.after(
            Change::CommitEpoch(commit),
            &["pipeline `p` has read all of its input, and is finished"],
        );
        // Another generation repeats the last commits.
        told.after(begin(1), &[]);
        let halt = HaltPipeline {
            pipeline: 1,
            generation: 2,
        };
        told.after(Change::Halt(halt), &[]);
    }

    #[test]
    fn a_leader_is_told_when_it_changes() {
        let mut news = News::new(1);
        let seeking = Contact::Seeking { obstacle: None };
        let connected = |leader| Contact::Connected {
            leader,
            address: format!("h:{leader}"),
            incarnation: 1,
        };
        let notes = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Line::Note((*text).to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(news.of_contact(&seeking), []);
        assert_eq!(
            news.of_contact(&connected(2)),
            notes(&["joined the cluster", "follows the leader at h:2"])
        );
        assert_eq!(news.of_contact(&seeking), []);
        assert_eq!(news.of_contact(&connected(2)), []);
        assert_eq!(news.of_contact(&connected(1)), notes(&["leads the cluster"]));
    }
}
