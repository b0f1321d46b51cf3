//! What the agreed state lets through, and its stored form.

use std::path::{Path, PathBuf};

use prost::Message;

use super::{ClusterState, SnapshotError};
use crate::coordinator::{
    AbortEpoch, Assignment, BeginEpoch, BeginGeneration, Change, Command, CommandId, CommitEpoch, Committed,
    Configure, DeliveredNotes, Desired, FailPipeline, HaltPipeline, ManifestRef, NodeIncarnation, NodeRef,
    NodeSpec, Outcome, PipelineRef, PipelineSpec, Placement, Refusal, SetDesired, SetSources, SourceSplits,
    SplitPlacement, Standing,
};

/// A state that is changed by commands of one client.
#[derive(Default)]
struct Raft {
    state: ClusterState,
    last: u64,
}

impl Raft {
    fn apply(&mut self, change: Change) -> Outcome {
        self.last += 1;
        self.state.apply(&Command {
            id: CommandId {
                client: 1,
                number: self.last,
            },
            change: Some(change),
        })
    }

    fn granted(&mut self, change: Change) -> u64 {
        let outcome = self.apply(change);
        assert!(outcome.is_done(), "{outcome}");
        outcome.granted
    }

    fn refusal(&mut self, change: Change) -> Refusal {
        let before = self.state.pipelines.clone();
        let refusal = self.apply(change).refusal();
        assert_eq!(self.state.pipelines, before, "what is refused changes nothing");
        refusal
    }

    /// A node and a pipeline that it runs; the generation is 1.
    fn running() -> Self {
        let mut raft = Self::default();
        let incarnation = raft.granted(Change::Register(node(7, "a")));
        raft.granted(Change::Submit(pipeline()));
        raft.granted(begin(0, incarnation));
        raft
    }
}

fn node(node: u64, name: &str) -> NodeSpec {
    NodeSpec {
        node,
        name: name.into(),
        control_address: format!("{name}:7400"),
        can_coordinate: true,
        can_process: true,
        weight: 1,
        ..NodeSpec::default()
    }
}

fn pipeline() -> PipelineSpec {
    PipelineSpec {
        name: "p".into(),
        sql: "SELECT 1".into(),
        plan_fingerprint: 3,
        key_groups: 4,
        parallelism: 2,
        sources: vec![SourceSplits {
            operator_id: "in".into(),
            splits: vec!["0".into()],
        }],
        checkpoint_interval_us: 1_000_000,
        ..PipelineSpec::default()
    }
}

fn begin(after: u64, incarnation: u64) -> Change {
    Change::BeginGeneration(BeginGeneration {
        pipeline: 1,
        after,
        assignment: Assignment {
            placements: vec![Placement {
                node: 7,
                incarnation,
                first_subtask: 0,
                subtask_count: 2,
                ..Placement::default()
            }],
            owners: vec![0; 4],
            splits: vec![SplitPlacement {
                operator_id: "in".into(),
                split: "0".into(),
                placement: 0,
            }],
            standbys: Vec::new(),
        },
    })
}

fn begin_epoch(generation: u64) -> Change {
    Change::BeginEpoch(BeginEpoch {
        pipeline: 1,
        generation,
    })
}

fn commit(generation: u64, epoch: u64, sequence: u64) -> Change {
    Change::CommitEpoch(CommitEpoch {
        pipeline: 1,
        generation,
        epoch,
        manifest: ManifestRef {
            staged_name: format!("staged/{epoch}"),
            sequence,
            size_bytes: 10,
            crc32c: 20,
        },
        is_last: false,
    })
}

#[test]
fn an_epoch_is_committed_only_in_flight_in_the_current_generation_and_in_its_place() {
    let mut raft = Raft::running();
    assert_eq!(raft.refusal(commit(1, 1, 1)), Refusal::Stale);
    assert_eq!(raft.granted(begin_epoch(1)), 1);
    assert_eq!(raft.refusal(begin_epoch(1)), Refusal::Unready);
    assert_eq!(raft.refusal(commit(0, 1, 1)), Refusal::Stale);
    assert_eq!(raft.refusal(commit(2, 1, 1)), Refusal::Stale);
    assert_eq!(raft.refusal(commit(1, 2, 1)), Refusal::Stale);
    assert_eq!(raft.refusal(commit(1, 1, 2)), Refusal::Stale);
    assert_eq!(raft.granted(commit(1, 1, 1)), 1);
    assert_eq!(raft.refusal(commit(1, 1, 2)), Refusal::Stale);
}

#[test]
fn a_generation_that_is_over_commits_nothing_and_its_epochs_are_not_given_again() {
    let mut raft = Raft::running();
    raft.granted(begin_epoch(1));
    raft.granted(begin(1, 1));
    assert_eq!(raft.refusal(commit(1, 1, 1)), Refusal::Stale);
    assert_eq!(raft.refusal(begin(1, 1)), Refusal::Stale);
    assert_eq!(raft.granted(begin_epoch(2)), 2);
    let abort = |epoch| {
        Change::AbortEpoch(AbortEpoch {
            pipeline: 1,
            generation: 2,
            epoch,
        })
    };
    assert_eq!(raft.refusal(abort(1)), Refusal::Stale);
    raft.granted(abort(2));
    assert_eq!(raft.granted(begin_epoch(2)), 3);
    raft.granted(commit(2, 3, 1));
    let committed = &raft.state.pipeline(1).unwrap().committed;
    assert_eq!(
        (committed.generation, committed.epoch, committed.manifest.sequence),
        (2, 3, 1)
    );
}

#[test]
fn a_generation_needs_nodes_that_are_up_in_that_incarnation() {
    let mut raft = Raft::running();
    let again = raft.granted(Change::Register(node(7, "a")));
    assert_eq!(raft.refusal(begin(1, 1)), Refusal::Stale);
    raft.granted(begin(1, again));
    let lost = |incarnation| Change::NodeLost(NodeIncarnation { node: 7, incarnation });
    assert_eq!(raft.refusal(lost(1)), Refusal::Stale);
    raft.granted(lost(again));
    assert_eq!(raft.refusal(begin(2, again)), Refusal::Stale);
}

#[test]
fn a_pipeline_goes_on_from_state_that_was_there() {
    let mut raft = Raft::running();
    let mut spec = pipeline();
    spec.name = "q".into();
    spec.origin = Committed {
        generation: 5,
        epoch: 90,
        manifest: ManifestRef {
            sequence: 12,
            ..ManifestRef::default()
        },
    };
    let id = raft.granted(Change::Submit(spec));
    let Change::BeginGeneration(mut begin) = begin(5, 1) else {
        unreachable!()
    };
    begin.pipeline = id;
    assert_eq!(raft.granted(Change::BeginGeneration(begin)), 6);
    let begin_epoch = Change::BeginEpoch(BeginEpoch {
        pipeline: id,
        generation: 6,
    });
    assert_eq!(raft.granted(begin_epoch), 91);
    assert_eq!(raft.state.pipeline(id).unwrap().restored.manifest.sequence, 12);
}

#[test]
fn a_command_that_comes_twice_is_carried_out_once() {
    let mut raft = Raft::running();
    let command = Command {
        id: CommandId { client: 9, number: 1 },
        change: Some(Change::Register(node(8, "b"))),
    };
    let first = raft.state.apply(&command);
    let state = raft.state.clone();
    assert_eq!(raft.state.apply(&command), first);
    assert_eq!(raft.state, state);
}

#[test]
fn nodes_that_left_never_come_back_and_names_are_unique() {
    let mut raft = Raft::running();
    assert_eq!(raft.refusal(Change::Register(node(8, "a"))), Refusal::Taken);
    raft.granted(Change::Leave(NodeRef { node: 7 }));
    assert_eq!(raft.state.member(7).unwrap().standing(), Standing::Leaving);
    raft.granted(Change::Remove(NodeRef { node: 7 }));
    assert_eq!(raft.refusal(Change::Register(node(7, "a"))), Refusal::Stale);
    raft.granted(Change::Register(node(8, "a")));
}

#[test]
fn a_leave_outlasts_the_loss_of_the_node_and_its_return() {
    let mut raft = Raft::running();
    let standing = |raft: &Raft| {
        let member = raft.state.member(7).unwrap();
        (member.standing(), member.is_leaving())
    };
    let lost = |incarnation| Change::NodeLost(NodeIncarnation { node: 7, incarnation });
    let leave = || Change::Leave(NodeRef { node: 7 });
    raft.granted(lost(1));
    assert_eq!(standing(&raft), (Standing::Down, false));
    assert_eq!(raft.refusal(leave()), Refusal::Unready);
    let again = raft.granted(Change::Register(node(7, "a")));
    assert_eq!(standing(&raft), (Standing::Up, false));
    raft.granted(leave());
    assert_eq!(standing(&raft), (Standing::Leaving, true));
    raft.granted(lost(again));
    assert_eq!(standing(&raft), (Standing::Down, true));
    raft.granted(leave());
    assert_eq!(standing(&raft), (Standing::Down, true));
    raft.granted(Change::Register(node(7, "a")));
    assert_eq!(standing(&raft), (Standing::Leaving, true));
}

#[test]
fn a_pipeline_is_forgotten_at_rest_and_its_id_is_not_given_again() {
    let mut raft = Raft::running();
    let set = Change::SetDesired(SetDesired {
        pipeline: 1,
        desired: Desired::Removed.into(),
    });
    let forget = || Change::Forget(PipelineRef { pipeline: 1 });
    assert_eq!(raft.refusal(forget()), Refusal::Unready);
    raft.granted(set);
    assert_eq!(raft.refusal(forget()), Refusal::Unready);
    raft.granted(Change::Halt(HaltPipeline {
        pipeline: 1,
        generation: 1,
    }));
    raft.granted(forget());
    assert_eq!(raft.granted(Change::Submit(pipeline())), 2);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut raft = Raft::running();
    let submit = |change: fn(&mut PipelineSpec)| {
        let mut spec = pipeline();
        spec.name = "q".into();
        change(&mut spec);
        Change::Submit(spec)
    };
    assert_eq!(
        raft.refusal(submit(|spec| spec.name = "p".into())),
        Refusal::Taken
    );
    assert_eq!(raft.refusal(submit(|spec| spec.name.clear())), Refusal::Invalid);
    assert_eq!(raft.refusal(submit(|spec| spec.key_groups = 0)), Refusal::Invalid);
    assert_eq!(
        raft.refusal(submit(|spec| spec.key_groups = 40_000)),
        Refusal::Invalid
    );
    assert_eq!(
        raft.refusal(submit(|spec| spec.parallelism = 5)),
        Refusal::Invalid
    );
    for far in [
        |spec: &mut PipelineSpec| spec.origin.generation = u64::MAX,
        |spec: &mut PipelineSpec| spec.origin.epoch = u64::MAX,
        |spec: &mut PipelineSpec| spec.origin.manifest.sequence = u64::MAX,
    ] {
        assert_eq!(raft.refusal(submit(far)), Refusal::Invalid);
    }
    assert_eq!(
        raft.refusal(Change::SetDesired(SetDesired {
            pipeline: 1,
            desired: 99
        })),
        Refusal::Invalid
    );
    assert_eq!(
        raft.refusal(Change::Forget(PipelineRef { pipeline: 99 })),
        Refusal::Unknown
    );
    let delivered = Change::Delivered(DeliveredNotes {
        pipeline: 1,
        generation: 1,
        operator_id: "out".into(),
        epoch: 1,
    });
    assert_eq!(raft.refusal(delivered), Refusal::Invalid);
    let empty = Command {
        id: CommandId { client: 2, number: 1 },
        change: None,
    };
    assert_eq!(raft.state.apply(&empty).refusal(), Refusal::Invalid);
}

#[test]
fn a_state_whose_numbers_are_used_up_grants_no_more() {
    let mut raft = Raft::running();
    raft.state.last_incarnation = u64::MAX;
    raft.state.last_pipeline = u64::MAX;
    assert_eq!(raft.refusal(Change::Register(node(9, "nine"))), Refusal::Invalid);
    let mut spec = pipeline();
    spec.name = "q".into();
    assert_eq!(raft.refusal(Change::Submit(spec)), Refusal::Invalid);
    let running = raft.state.pipelines.get_mut(&1).unwrap();
    running.generation = u64::MAX;
    running.last_epoch = u64::MAX;
    running.committed.manifest.sequence = u64::MAX;
    assert_eq!(raft.refusal(begin(u64::MAX, 1)), Refusal::Invalid);
    assert_eq!(raft.refusal(begin_epoch(u64::MAX)), Refusal::Invalid);
    raft.state.pipelines.get_mut(&1).unwrap().in_flight = 7;
    assert_eq!(raft.refusal(commit(u64::MAX, 7, 1)), Refusal::Invalid);
}

/// One of each, and the state that they come to.
fn history() -> (Vec<Command>, ClusterState) {
    let named = |desired: Desired| {
        Change::SetDesired(SetDesired {
            pipeline: 1,
            desired: desired.into(),
        })
    };
    let changes = vec![
        Change::Configure(Configure {
            cluster: "east".into(),
            nodes_min: 2,
        }),
        Change::Register(node(7, "a")),
        Change::Register(node(8, "b")),
        Change::Register(node(9, "c")),
        Change::Submit(pipeline()),
        begin(0, 1),
        begin_epoch(1),
        commit(1, 1, 1),
        Change::Delivered(DeliveredNotes {
            pipeline: 1,
            generation: 1,
            operator_id: "out".into(),
            epoch: 1,
        }),
        begin_epoch(1),
        Change::AbortEpoch(AbortEpoch {
            pipeline: 1,
            generation: 1,
            epoch: 2,
        }),
        Change::SetSources(SetSources {
            pipeline: 1,
            sources: Vec::new(),
        }),
        named(Desired::Stopped),
        Change::Halt(HaltPipeline {
            pipeline: 1,
            generation: 1,
        }),
        Change::Restart(PipelineRef { pipeline: 1 }),
        begin(1, 1),
        Change::Fail(FailPipeline {
            pipeline: 1,
            generation: 2,
            message: "broken".into(),
        }),
        Change::NodeLost(NodeIncarnation {
            node: 8,
            incarnation: 2,
        }),
        Change::Leave(NodeRef { node: 9 }),
        Change::Remove(NodeRef { node: 9 }),
        Change::Forget(PipelineRef { pipeline: 1 }),
    ];
    let mut state = ClusterState::default();
    let commands: Vec<Command> = changes
        .into_iter()
        .zip(1..)
        .map(|(change, number)| Command {
            id: CommandId {
                client: 0xabcd,
                number,
            },
            change: Some(change),
        })
        .collect();
    for command in &commands {
        state.apply(command);
    }
    (commands, state)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Compares with a file of a released format; `EVENTFLUX_UPDATE_FIXTURES=1` writes a missing one.
fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = fixture(name);
    if std::env::var_os("EVENTFLUX_UPDATE_FIXTURES").is_some() && !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    std::fs::read(&path).unwrap()
}

#[test]
fn stored_commands_of_version_1_are_read_and_written_as_ever() {
    let (commands, _) = history();
    let mut bytes = Vec::new();
    for command in &commands {
        command.encode_length_delimited(&mut bytes).unwrap();
    }
    let stored = golden("commands-1.bin", &bytes);
    let mut rest = stored.as_slice();
    for command in &commands {
        assert_eq!(&Command::decode_length_delimited(&mut rest).unwrap(), command);
    }
    assert!(rest.is_empty());
    assert_eq!(stored, bytes);
}

#[test]
fn the_stored_state_of_version_1_is_read_and_written_as_ever() {
    let (_, state) = history();
    let stored = golden("state-1.bin", &state.encode());
    assert_eq!(ClusterState::decode(&stored).unwrap(), state);
    assert_eq!(stored, state.encode());
}

#[test]
fn every_flip_and_truncation_of_stored_state_is_detected() {
    let bytes = history().1.encode();
    for length in 0..bytes.len() {
        ClusterState::decode(&bytes[..length]).unwrap_err();
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = ClusterState::decode(&flipped).unwrap_err();
        let is_version = matches!(error, SnapshotError::UnknownVersion(_));
        assert_eq!(is_version, (64..96).contains(&bit), "bit {bit}: {error}");
    }
}

proptest::proptest! {
    /// Whatever bytes a log holds, applying them neither fails nor panics, and is the same on every node.
    #[test]
    fn apply_is_total(commands in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..60), 0..20)) {
        let (history, _) = history();
        let mut one = ClusterState::default();
        let mut other = ClusterState::default();
        for (bytes, known) in commands.iter().zip(history.iter().cycle()) {
            let mut mixed = known.encode_to_vec();
            for (place, byte) in bytes.iter().enumerate() {
                let length = mixed.len();
                mixed[(place * 7 + usize::from(*byte)) % length] ^= byte;
            }
            for command in [Command::decode(mixed.as_slice()).ok(), Some(known.clone())].into_iter().flatten() {
                proptest::prop_assert_eq!(one.apply(&command), other.apply(&command));
            }
        }
        proptest::prop_assert_eq!(ClusterState::decode(&one.encode()).unwrap(), other);
    }
}
