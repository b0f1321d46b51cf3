//! What nodes tell each other on the control plane: `kind u8`, and then what other voters send (0–4), reports of nodes to the
//! leader (5), or orders to a node (6); of the last two many, each as `who u8, length u16, protobuf`.
//!
//! It is understood or refused, and neither the overseer nor a worker fails over it.

use std::sync::LazyLock;

use eventflux_core::checkpoint::manifest::{Manifest, PlanIdentity};
#[cfg(fuzzing)]
use eventflux_distributed::consensus::{self, proto};
use eventflux_distributed::coordinator::{
    Action, Change, ClusterState, Command, CommandId, Event, ManifestRef, NodeId, NodeSpec, Order, Overseer,
    OverseerConfig, PipelineId, PipelineSpec, Prepare, Report, SourceSplits,
};
use eventflux_distributed::worker::{Worker, WorkerCommand, WorkerEvent};
use prost::Message;

const NODES: [NodeId; 3] = [1, 2, 3];

/// A cluster with a pipeline that nobody runs yet.
static CLUSTER: LazyLock<ClusterState> = LazyLock::new(|| {
    let mut state = ClusterState::default();
    for node in NODES {
        let spec = NodeSpec {
            node,
            name: node.to_string(),
            can_process: true,
            ..NodeSpec::default()
        };
        propose(&mut state, node, Change::Register(spec));
    }
    let identity = PlanIdentity {
        fingerprint: 7,
        key_groups: 8,
        operators: Vec::new(),
    };
    let spec = PipelineSpec {
        name: "p".to_owned(),
        plan_fingerprint: 7,
        key_groups: 8,
        parallelism: 4,
        sources: vec![SourceSplits {
            operator_id: "in".to_owned(),
            splits: vec!["0".to_owned(), "1".to_owned()],
        }],
        checkpoint_interval_us: 1_000,
        checkpoint_timeout_us: 1_000_000,
        app_id: "1".to_owned(),
        plan_identity: serde_json::to_vec(&identity).expect("numbers can be written"),
        ..PipelineSpec::default()
    };
    propose(&mut state, 4, Change::Submit(spec));
    state
});

fn propose(
    state: &mut ClusterState,
    number: u64,
    change: Change,
) -> eventflux_distributed::coordinator::Outcome {
    state.apply(&Command {
        id: CommandId { client: 1, number },
        change: Some(change),
    })
}

/// A leader whose proposals are applied and whose manifests are stored at once.
struct Leader {
    state: ClusterState,
    overseer: Overseer,
    now_us: i64,
    proposals: u64,
    manifest: Option<Box<Manifest>>,
}

impl Leader {
    fn tell(&mut self, event: Event) {
        let mut events = vec![event];
        // More in a row than this would be a loop.
        for _ in 0..64 {
            let Some(event) = events.pop() else { break };
            for action in self.overseer.on_event(self.now_us, &self.state, event) {
                events.extend(self.carry_out(action));
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<Event> {
        Some(match action {
            Action::Send { order, .. } => {
                assert_eq!(
                    Order::decode(order.encode_to_vec().as_slice()).as_ref(),
                    Ok(order.as_ref())
                );
                return None;
            }
            Action::Dismiss { .. } | Action::Answer { .. } => return None,
            Action::Propose { key, change } => {
                self.proposals += 1;
                let outcome = propose(&mut self.state, self.proposals, change);
                Event::Proposed {
                    key,
                    outcome: Some(outcome),
                }
            }
            Action::Stage { pipeline, manifest } => {
                manifest
                    .encode()
                    .expect("what an overseer puts together can be stored");
                let (generation, epoch) = (manifest.generation, manifest.epoch);
                let result = Ok(ManifestRef {
                    staged_name: "s".to_owned(),
                    sequence: manifest.sequence,
                    size_bytes: 1,
                    crc32c: 1,
                });
                self.manifest = Some(manifest);
                Event::Staged {
                    pipeline,
                    generation,
                    epoch,
                    result,
                }
            }
            Action::Publish { pipeline, committed } => {
                let result = Ok(self.manifest.clone().filter(|_| committed.epoch > 0));
                Event::Published {
                    pipeline,
                    epoch: committed.epoch,
                    result,
                }
            }
        })
    }
}

/// The pieces of a conversation.
fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let ([who, low, high], rest) = bytes.split_first_chunk::<3>()?;
        let (piece, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
        bytes = rest;
        Some((*who, piece))
    })
}

fn reports(bytes: &[u8]) {
    let state = CLUSTER.clone();
    let overseer = Overseer::new(OverseerConfig::default(), 1);
    let mut leader = Leader {
        state,
        overseer,
        now_us: 0,
        proposals: 100,
        manifest: None,
    };
    for node in NODES {
        leader.tell(Event::Connected {
            node,
            incarnation: node,
        });
    }
    for (who, report) in pieces(bytes) {
        leader.now_us += i64::from(who) << 10;
        let node = NODES[usize::from(who) % NODES.len()];
        match Report::decode(report) {
            Ok(report) => leader.tell(Event::Reported {
                node,
                incarnation: node,
                report,
            }),
            Err(_) if who & 0x80 == 0 => leader.tell(Event::Time),
            Err(_) if who & 0x40 == 0 => leader.tell(Event::Disconnected {
                node,
                incarnation: node,
            }),
            Err(_) => leader.tell(Event::Connected {
                node,
                incarnation: node,
            }),
        }
    }
    let _ = leader.overseer.describe();
    let _ = leader.overseer.next_due_us(leader.now_us, &leader.state);
}

/// What the engine of a node would answer.
fn answer(command: WorkerCommand) -> Vec<WorkerEvent> {
    match command {
        WorkerCommand::Report(report) => {
            assert_eq!(
                Report::decode(report.encode_to_vec().as_slice()).as_ref(),
                Ok(&report)
            );
            Vec::new()
        }
        WorkerCommand::Prepare {
            pipeline,
            generation,
            prepare,
        } => vec![prepared(pipeline, generation, &prepare)],
        WorkerCommand::SendBarrier {
            pipeline,
            generation,
            epoch,
        } => (0..2)
            .flat_map(|loop_id| {
                let content = Default::default();
                [
                    WorkerEvent::Frozen {
                        pipeline,
                        generation,
                        epoch,
                        loop_id,
                    },
                    WorkerEvent::Stored {
                        pipeline,
                        generation,
                        epoch,
                        loop_id,
                        content,
                    },
                ]
            })
            .collect(),
        WorkerCommand::Deliver {
            pipeline,
            generation,
            epoch,
        } => {
            vec![WorkerEvent::Delivered {
                pipeline,
                generation,
                epoch,
            }]
        }
        WorkerCommand::Run { .. }
        | WorkerCommand::GiveUp { .. }
        | WorkerCommand::LetGo { .. }
        | WorkerCommand::TearDown { .. } => Vec::new(),
    }
}

/// As the node of this place in the assignment would.
fn prepared(pipeline: PipelineId, generation: u64, prepare: &Prepare) -> WorkerEvent {
    let _ = prepare.assignment.fault(prepare.spec.key_groups);
    let _ = prepare.assignment.subtasks();
    let _ = prepare.spec.decode_plan_identity();
    WorkerEvent::Prepared {
        pipeline,
        generation,
        loop_count: 2,
        reading: vec![0],
        sinks: vec!["out".to_owned()],
    }
}

fn orders(bytes: &[u8]) {
    let mut worker = Worker::new();
    let mut events = vec![WorkerEvent::Registered, WorkerEvent::Connected];
    for (who, order) in pieces(bytes) {
        events.push(match Order::decode(order) {
            Ok(order) => WorkerEvent::Ordered(order),
            Err(_) if who & 0x80 == 0 => WorkerEvent::HeartbeatDue,
            Err(_) => WorkerEvent::Connected,
        });
        for _ in 0..64 {
            let Some(event) = events.pop() else { break };
            events.extend(worker.on_event(event).into_iter().flat_map(answer));
        }
    }
}

/// One input.
pub fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind {
        #[cfg(fuzzing)]
        0 => {
            drop(proto::AppendRequest::decode(bytes).map(|request| consensus::from_append(&request).is_ok()))
        }
        #[cfg(fuzzing)]
        1 => drop(
            proto::VoteRequest::decode(bytes).map(|request| consensus::from_vote_request(&request).is_ok()),
        ),
        #[cfg(fuzzing)]
        2 => drop(
            proto::AppendResponse::decode(bytes)
                .map(|response| consensus::from_append_response(&response).is_ok()),
        ),
        #[cfg(fuzzing)]
        3 => drop(
            proto::VoteResponse::decode(bytes)
                .map(|response| consensus::from_vote_response(&response).is_ok()),
        ),
        #[cfg(fuzzing)]
        4 => drop(consensus::decode_snapshot(bytes).is_ok()),
        5 => reports(bytes),
        6 => orders(bytes),
        _ => {}
    }
}
