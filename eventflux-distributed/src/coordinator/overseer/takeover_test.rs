//! How soon another generation begins when a node is gone.

use eventflux_core::checkpoint::manifest::PlanIdentity;

use super::{Action, Event, Overseer, OverseerConfig};
use crate::coordinator::{
    Assignment, BeginEpoch, Change, ClusterState, Command, CommandId, CommitEpoch, Failure, ManifestRef,
    NodeRef, NodeSpec, PipelineEvent, PipelineSpec, PipelineStatus, Report, RunPhase,
};

const CONFIG: OverseerConfig = OverseerConfig {
    failure_timeout_us: 2_000_000,
    reconnect_us: 300_000,
    pause_min_us: 100_000,
    backoff_us: (100_000, 10_000_000),
};

/// Two nodes, a pipeline, and the leader that watches over them. What it proposes is agreed on at once.
pub(super) struct Watched {
    pub(super) state: ClusterState,
    pub(super) overseer: Overseer,
    last: u64,
}

impl Watched {
    fn new() -> Self {
        let mut watched = Self {
            state: ClusterState::default(),
            overseer: Overseer::new(CONFIG, 1),
            last: 0,
        };
        watched.register(1);
        watched.register(2);
        let identity = PlanIdentity {
            fingerprint: 3,
            key_groups: 4,
            operators: Vec::new(),
        };
        watched.apply(Change::Submit(PipelineSpec {
            name: "p".into(),
            plan_identity: serde_json::to_vec(&identity).unwrap(),
            sql: "SELECT 1".into(),
            plan_fingerprint: 3,
            key_groups: 4,
            parallelism: 2,
            ..PipelineSpec::default()
        }));
        watched
    }

    pub(super) fn apply(&mut self, change: Change) -> crate::coordinator::Outcome {
        self.last += 1;
        let id = CommandId {
            client: 1,
            number: self.last,
        };
        let change = Some(change);
        self.state.apply(&Command { id, change })
    }

    fn register(&mut self, node: u64) {
        let registered = self.apply(Change::Register(NodeSpec {
            node,
            name: node.to_string(),
            can_process: true,
            weight: 1,
            ..NodeSpec::default()
        }));
        assert!(registered.is_done(), "{registered}");
    }

    /// Somebody wants a node to leave.
    fn leave(&mut self, node: u64) {
        assert!(self.apply(Change::Leave(NodeRef { node })).is_done());
    }

    /// The process of a node is gone.
    fn lose(&mut self, now_us: i64, node: u64) {
        let incarnation = self.incarnation(node);
        self.on_event(now_us, Event::Disconnected { node, incarnation });
        self.on_event(now_us, Event::Unreachable { node, incarnation });
    }

    pub(super) fn on_event(&mut self, now_us: i64, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for action in self.overseer.on_event(now_us, &self.state, event) {
                if let Action::Propose { key, change } = action {
                    let outcome = Some(self.apply(change));
                    events.push(Event::Proposed { key, outcome });
                }
            }
        }
    }

    pub(super) fn incarnation(&self, node: u64) -> u64 {
        self.state.member(node).unwrap().incarnation
    }

    fn connect(&mut self, now_us: i64, node: u64) {
        let incarnation = self.incarnation(node);
        self.on_event(now_us, Event::Connected { node, incarnation });
    }

    pub(super) fn fail(&mut self, now_us: i64, node: u64) {
        let failure = Failure {
            message: "its peer hung up".into(),
            is_final: false,
        };
        self.report(now_us, node, PipelineEvent::Failed(failure));
    }

    pub(super) fn report(&mut self, now_us: i64, node: u64, event: PipelineEvent) {
        let report = Report::of(1, self.generation(), event);
        let incarnation = self.incarnation(node);
        self.on_event(
            now_us,
            Event::Reported {
                node,
                incarnation,
                report,
            },
        );
    }

    pub(super) fn generation(&self) -> u64 {
        self.state.pipeline(1).unwrap().generation
    }

    pub(super) fn nodes(&self) -> Vec<u64> {
        let assignment = self.state.pipeline(1).unwrap().assignment.clone();
        let placements = assignment.map_or(Vec::new(), |Assignment { placements, .. }| placements);
        placements.iter().map(|placement| placement.node).collect()
    }
}

/// Both nodes are connected, and run the pipeline.
pub(super) fn running() -> Watched {
    let mut watched = Watched::new();
    watched.connect(0, 1);
    watched.connect(0, 2);
    assert_eq!((watched.generation(), watched.nodes()), (1, vec![1, 2]));
    watched
}

#[test]
fn a_pipeline_is_placed_when_it_is_known_who_is_there() {
    let mut watched = Watched::new();
    watched.connect(0, 1);
    watched.on_event(1_999_999, Event::Time);
    assert_eq!(watched.nodes(), Vec::<u64>::new());
    // The first is heard of, the second never was.
    watched.connect(1_999_999, 1);
    watched.on_event(2_000_000, Event::Time);
    assert_eq!(watched.nodes(), [1]);
}

#[test]
fn what_fails_because_a_node_is_gone_is_begun_again_without_it() {
    let mut watched = running();
    let incarnation = watched.incarnation(2);
    watched.on_event(1_000, Event::Disconnected { node: 2, incarnation });
    watched.fail(2_000, 1);
    assert_eq!(
        (watched.generation(), watched.nodes()),
        (1, vec![1, 2]),
        "it may come back"
    );
    watched.on_event(300_999, Event::Time);
    assert_eq!(watched.generation(), 1);
    watched.on_event(301_000, Event::Time);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
}

#[test]
fn what_fails_though_everybody_is_there_is_begun_again_after_a_pause() {
    let mut watched = running();
    watched.fail(2_000, 1);
    assert_eq!(watched.nodes(), Vec::<u64>::new());
    watched.on_event(101_999, Event::Time);
    assert_eq!(watched.nodes(), Vec::<u64>::new());
    watched.on_event(102_000, Event::Time);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1, 2]));
}

#[test]
fn a_new_leader_does_not_wait_for_a_process_that_is_gone() {
    let mut watched = running();
    watched.overseer = Overseer::new(CONFIG, 2);
    watched.connect(0, 1);
    let incarnation = watched.incarnation(2);
    assert_eq!(watched.nodes(), [1, 2]);
    watched.on_event(5_000, Event::Unreachable { node: 2, incarnation });
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
}

#[test]
fn a_process_that_is_gone_is_not_expected_back_though_its_connection_might_be() {
    let mut watched = running();
    let incarnation = watched.incarnation(2);
    watched.on_event(1_000, Event::Disconnected { node: 2, incarnation });
    assert_eq!(watched.nodes(), [1, 2]);
    watched.on_event(2_000, Event::Unreachable { node: 2, incarnation });
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
}

#[test]
fn a_node_that_has_connected_is_there_whatever_was_tried_before() {
    let mut watched = running();
    let incarnation = watched.incarnation(2);
    watched.on_event(5_000, Event::Unreachable { node: 2, incarnation });
    watched.on_event(400_000, Event::Time);
    assert_eq!((watched.generation(), watched.nodes()), (1, vec![1, 2]));
}

/// All inputs have ended and the last epoch is committed, but its output is not visible yet.
fn ending() -> Watched {
    let mut watched = running();
    let generation = watched.generation();
    let begun = watched.apply(Change::BeginEpoch(BeginEpoch {
        pipeline: 1,
        generation,
    }));
    let committed = watched.apply(Change::CommitEpoch(CommitEpoch {
        pipeline: 1,
        generation,
        epoch: begun.granted,
        manifest: ManifestRef {
            sequence: 1,
            ..ManifestRef::default()
        },
        is_last: true,
    }));
    assert!(committed.is_done());
    watched
}

#[test]
fn a_node_that_is_lost_before_the_last_output_is_visible_is_replaced() {
    let mut watched = ending();
    let incarnation = watched.incarnation(2);
    watched.on_event(1_000, Event::Disconnected { node: 2, incarnation });
    watched.on_event(301_000, Event::Time);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
    let incarnation = watched.incarnation(1);
    watched.on_event(302_000, Event::Disconnected { node: 1, incarnation });
    watched.on_event(602_000, Event::Time);
    assert_eq!(watched.nodes(), [1], "it is not at rest while nobody is there");
    watched.register(1);
    watched.connect(700_000, 1);
    assert_eq!((watched.generation(), watched.nodes()), (3, vec![1]));
}

#[test]
fn a_failure_before_the_last_output_is_visible_is_followed_by_another_generation() {
    let mut watched = ending();
    watched.fail(2_000, 1);
    assert_eq!(watched.nodes(), [1, 2]);
    assert_eq!(watched.overseer.next_due_us(2_000, &watched.state), Some(102_000));
    watched.on_event(102_000, Event::Time);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1, 2]));
}

#[test]
fn a_pipeline_is_at_rest_once_it_is_agreed_that_its_last_output_is_visible() {
    let mut watched = ending();
    let (generation, epoch) = (
        watched.generation(),
        watched.state.pipeline(1).unwrap().committed.epoch,
    );
    let result = Ok(None);
    watched.on_event(
        1_000,
        Event::Published {
            pipeline: 1,
            epoch,
            result,
        },
    );
    for node in [1, 2] {
        let status = PipelineStatus {
            pipeline: 1,
            generation,
            phase: RunPhase::Running.into(),
            loop_count: 1,
            reading: Vec::new(),
            sinks: vec!["out".into()],
            committed: epoch,
            delivered: epoch,
        };
        watched.report(2_000, node, PipelineEvent::Status(status));
    }
    assert_eq!(watched.nodes(), Vec::<u64>::new());
    assert_eq!(watched.state.pipeline(1).unwrap().delivered["out"], epoch);
}

#[test]
fn a_node_that_is_lost_while_it_leaves_is_gone_for_good_once_others_have_what_it_ran() {
    let mut watched = running();
    watched.leave(2);
    watched.on_event(1_000, Event::Applied);
    assert_eq!(watched.nodes(), [1, 2], "nothing was handed over yet");
    watched.lose(2_000, 2);
    watched.on_event(3_000, Event::Applied);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
    assert!(watched.state.is_gone(2));
}

#[test]
fn a_node_that_is_only_lost_stays_a_member() {
    let mut watched = running();
    watched.lose(2_000, 2);
    watched.on_event(3_000, Event::Applied);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
    assert!(!watched.state.is_gone(2));
}

#[test]
fn a_node_that_starts_again_while_it_leaves_goes_on_to_leave() {
    let mut watched = running();
    watched.leave(2);
    watched.register(2);
    watched.connect(1_000, 2);
    watched.on_event(2_000, Event::Applied);
    assert_eq!((watched.generation(), watched.nodes()), (2, vec![1]));
    assert!(watched.state.is_gone(2));
}

#[test]
fn a_node_that_leaves_and_is_lost_is_not_gone_before_somebody_has_what_it_ran() {
    let mut watched = running();
    watched.lose(1_000, 1);
    watched.on_event(2_000, Event::Applied);
    assert_eq!(watched.nodes(), [2]);
    watched.leave(2);
    watched.lose(3_000, 2);
    watched.on_event(4_000, Event::Applied);
    assert_eq!(watched.nodes(), Vec::<u64>::new());
    assert!(!watched.state.is_gone(2), "its key groups are nowhere else");

    // Nobody else is there: it runs them until somebody is.
    watched.register(2);
    watched.connect(5_000, 2);
    assert_eq!(watched.nodes(), [2]);
    assert!(!watched.state.is_gone(2));
    watched.register(1);
    watched.connect(6_000, 1);
    watched.lose(7_000, 2);
    watched.on_event(8_000, Event::Applied);
    assert_eq!(watched.nodes(), [1]);
    assert!(watched.state.is_gone(2));
}

/// A leader that is cut off proposes it for as long as it takes, and says it once.
#[test]
fn a_node_that_is_lost_is_missed_once_until_it_is_heard_of_again() {
    let mut watched = Watched::new();
    let incarnation = watched.incarnation(1);
    let lost = crate::coordinator::NodeIncarnation { node: 1, incarnation };
    let gone_us = CONFIG.failure_timeout_us + 1;
    let (mut now_us, mut event) = (0, Event::Time);
    for _ in 0..2 {
        let connected = Event::Connected { node: 1, incarnation };
        watched.overseer.on_event(now_us, &watched.state, connected);
        watched.overseer.on_event(now_us, &watched.state, event);
        now_us += gone_us;
        event = Event::Time;
        for _ in 0..10 {
            let actions = watched.overseer.on_event(now_us, &watched.state, event);
            let key = actions.into_iter().find_map(|action| match action {
                Action::Propose { key, .. } if key == super::ProposalKey::NodeLost(1) => Some(key),
                _ => None,
            });
            // Nobody agrees.
            let key = key.unwrap();
            event = Event::Proposed { key, outcome: None };
            now_us += 20_000;
        }
        assert!(!watched.overseer.detector.miss(lost), "it is said again");
    }
    let connected = Event::Connected { node: 1, incarnation };
    watched.overseer.on_event(now_us, &watched.state, connected);
    assert!(watched.overseer.detector.miss(lost));
}
