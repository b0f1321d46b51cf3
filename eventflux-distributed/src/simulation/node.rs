//! One process: what it runs, whether it lives, and whom it follows.

use super::dataflow::Part;
use super::message::{Happening, Local, Message, Node, Proposal};
use super::raft::Leading;
use super::world::World;
use crate::coordinator::{Change, Command, Event, Failure, NodeSpec, Outcome};
use crate::worker::{Worker, WorkerCommand, WorkerEvent};

const HEARTBEAT_US: i64 = 300_000;

/// A node.
#[derive(Debug)]
pub(super) struct SimNode {
    /// What it keeps over restarts.
    pub(super) id: u64,
    place: Node,
    /// Counted at each start.
    pub(super) life: u64,
    pub(super) is_up: bool,
    /// It does nothing before this time.
    pub(super) asleep_until_us: i64,
    pub(super) incarnation: u64,
    /// What it asked to be registered with, until it is.
    registration: Option<Command>,
    pub(super) command_count: u64,
    pub(super) worker: Worker,
    pub(super) part: Option<Part>,
    pub(super) leading: Option<Box<Leading>>,
    /// Whom it is connected to: the leader's place and term.
    connection: Option<(Node, u64)>,
}

impl SimNode {
    pub(super) fn new(place: Node, id: u64) -> Self {
        Self {
            id,
            place,
            life: 0,
            is_up: false,
            asleep_until_us: 0,
            incarnation: 0,
            registration: None,
            command_count: 0,
            worker: Worker::new(),
            part: None,
            leading: None,
            connection: None,
        }
    }

    pub(super) fn is_awake(&self, now_us: i64) -> bool {
        self.is_up && self.asleep_until_us <= now_us
    }

    fn spec(&self) -> NodeSpec {
        NodeSpec {
            node: self.id,
            name: format!("node-{}", self.place),
            can_coordinate: true,
            can_process: true,
            weight: 1,
            ..NodeSpec::default()
        }
    }
}

impl World {
    pub(super) fn start(&mut self, node: Node) {
        let sim = &mut self.nodes[node];
        sim.life += 1;
        sim.is_up = true;
        sim.asleep_until_us = 0;
        sim.incarnation = 0;
        sim.registration = None;
        sim.command_count = 0;
        sim.worker = Worker::new();
        sim.part = None;
        sim.leading = None;
        sim.connection = None;
        let delay_us = self.rng.range(0, HEARTBEAT_US);
        self.schedule_local(node, delay_us, Local::HeartbeatDue);
    }

    pub(super) fn crash(&mut self, node: Node) {
        let sim = &mut self.nodes[node];
        if !sim.is_up {
            return;
        }
        sim.is_up = false;
        sim.life += 1;
        sim.part = None;
        sim.leading = None;
        for peer in 0..self.nodes.len() {
            if peer != node {
                let delay_us = self.rng.range(1_000, 50_000);
                self.edge_lost(peer, node, delay_us);
            }
        }
    }

    /// A node notices that it has lost the connections to a peer.
    pub(super) fn edge_lost(&mut self, node: Node, peer: Node, delay_us: i64) {
        if let Some(part) = &self.nodes[node].part {
            let generation = part.generation;
            self.schedule_local(node, delay_us, Local::EdgeLost { generation, peer });
        }
        let lost = self.nodes[node].leading.as_ref().and_then(|leading| {
            let (_, incarnation) = leading.connections.get(&peer)?;
            Some((leading.term, *incarnation))
        });
        if let Some((term, incarnation)) = lost {
            let event = Box::new(Event::Disconnected {
                node: self.nodes[peer].id,
                incarnation,
            });
            self.schedule_local(node, delay_us, Local::Overseer { term, event });
        }
        if self.nodes[node]
            .connection
            .is_some_and(|(leader, _)| leader == peer)
        {
            self.nodes[node].connection = None;
        }
    }

    /// Finds the leader, says hello, registers, or sends a heartbeat.
    pub(super) fn heartbeat(&mut self, node: Node) {
        let jitter_us = self.rng.range(-30_000, 30_000);
        self.schedule_local(node, HEARTBEAT_US + jitter_us, Local::HeartbeatDue);
        let leaders = (0..self.config.voter_count).filter_map(|leader| {
            let leading = self.nodes[leader].leading.as_ref()?;
            let is_reached =
                self.network.reaches_both_ways(node, leader) && self.nodes[leader].is_awake(self.now_us);
            is_reached.then_some((leading.term, leader))
        });
        let Some((term, leader)) = leaders.max() else {
            self.nodes[node].connection = None;
            return;
        };
        if self.nodes[node].incarnation == 0 {
            return self.register(node, leader);
        }
        let (life, incarnation) = (self.nodes[node].life, self.nodes[node].incarnation);
        let event = match self.nodes[node].connection == Some((leader, term)) {
            true => WorkerEvent::HeartbeatDue,
            false => {
                self.nodes[node].connection = Some((leader, term));
                self.send(node, leader, Message::Hello { life, incarnation });
                WorkerEvent::Connected
            }
        };
        self.work(node, event);
    }

    fn register(&mut self, node: Node, leader: Node) {
        let command = match self.nodes[node].registration.clone() {
            Some(command) => command,
            None => {
                let change = Some(Change::Register(self.nodes[node].spec()));
                let id = self.command_id(node);
                Command { id, change }
            }
        };
        self.nodes[node].registration = Some(command.clone());
        let life = self.nodes[node].life;
        self.send(node, leader, Message::Register { life, command });
    }

    fn registered(&mut self, node: Node, outcome: &Outcome) {
        let sim = &mut self.nodes[node];
        if sim.registration.take().is_some() && outcome.is_done() {
            sim.incarnation = outcome.granted;
            self.work(node, WorkerEvent::Registered);
            self.schedule_local(node, 0, Local::HeartbeatDue);
        }
    }

    pub(super) fn arrived(&mut self, from: Node, to: Node, message: Message) {
        let sim = &self.nodes[to];
        let is_mine = |life: u64| sim.life == life;
        match message {
            Message::Hello { life, incarnation } => self.said(from, to, life, incarnation, None),
            Message::Report {
                life,
                incarnation,
                report,
            } => self.said(from, to, life, incarnation, Some(report)),
            Message::Order { life, order } => {
                if is_mine(life) {
                    self.work(to, WorkerEvent::Ordered(*order));
                }
            }
            Message::Dismiss { life, incarnation } => {
                if is_mine(life) && sim.incarnation == incarnation {
                    self.nodes[to].incarnation = 0;
                    self.work(to, WorkerEvent::Dismissed);
                }
            }
            Message::Register { life, command } => {
                if sim.leading.is_some() && self.nodes[from].life == life {
                    let proposal = Proposal {
                        command,
                        key: None,
                        asker: Some((from, life)),
                    };
                    self.propose(to, proposal);
                }
            }
            Message::Registered { life, outcome } => {
                if is_mine(life) {
                    self.registered(to, &outcome);
                }
            }
            Message::Rows { generation, rows } => self.rows_arrived(from, to, generation, rows),
            Message::Barrier { generation, epoch } => self.barrier_arrived(from, to, generation, epoch),
        }
    }

    /// A worker says something to whom it takes for the leader.
    fn said(
        &mut self,
        from: Node,
        to: Node,
        life: u64,
        incarnation: u64,
        report: Option<crate::coordinator::Report>,
    ) {
        let id = self.nodes[from].id;
        let Some(leading) = &mut self.nodes[to].leading else {
            return;
        };
        let term = leading.term;
        let event = match report {
            None => {
                leading.connections.insert(from, (life, incarnation));
                Event::Connected {
                    node: id,
                    incarnation,
                }
            }
            Some(report) => {
                if leading.connections.get(&from) != Some(&(life, incarnation)) {
                    // A connection that one end has closed is closed for the other one, too.
                    if self.nodes[from]
                        .connection
                        .is_some_and(|(leader, _)| leader == to)
                    {
                        self.nodes[from].connection = None;
                    }
                    return;
                }
                Event::Reported {
                    node: id,
                    incarnation,
                    report,
                }
            }
        };
        self.oversee(to, term, event);
    }

    /// Tells a worker what happened, and does what follows.
    pub(super) fn work(&mut self, node: Node, event: WorkerEvent) {
        let commands = self.nodes[node].worker.on_event(event);
        for command in commands {
            self.obey(node, command);
        }
    }

    fn obey(&mut self, node: Node, command: WorkerCommand) {
        match command {
            WorkerCommand::Report(report) => {
                let sim = &self.nodes[node];
                if let Some((leader, _)) = sim.connection {
                    let message = Message::Report {
                        life: sim.life,
                        incarnation: sim.incarnation,
                        report,
                    };
                    self.send(node, leader, message);
                }
            }
            WorkerCommand::Prepare {
                generation, prepare, ..
            } => {
                let life = self.nodes[node].life;
                self.ledger.runs(node, life, generation);
                self.prepare(node, generation, &prepare);
            }
            WorkerCommand::Run { generation, .. } => self.run(node, generation),
            WorkerCommand::SendBarrier {
                generation, epoch, ..
            } => self.send_barrier(node, generation, epoch),
            WorkerCommand::GiveUp {
                generation, epoch, ..
            } => self.give_up(node, generation, epoch),
            WorkerCommand::Deliver {
                generation, epoch, ..
            } => self.deliver(node, generation, epoch),
            WorkerCommand::LetGo { .. } => {}
            WorkerCommand::TearDown { .. } => self.nodes[node].tear_down(),
        }
    }

    pub(super) fn fail_part(&mut self, node: Node, generation: u64, message: &str) {
        let failure = Failure {
            message: message.to_owned(),
            is_final: false,
        };
        let pipeline = 1;
        self.work(
            node,
            WorkerEvent::Failed {
                pipeline,
                generation,
                failure,
            },
        );
    }

    /// Something of a node's own is due.
    pub(super) fn local(&mut self, node: Node, local: Local) {
        match local {
            Local::HeartbeatDue => self.heartbeat(node),
            Local::OverseerDue { term } => self.oversee_on_time(node, term),
            Local::Overseer { term, event } => {
                if let Event::Disconnected {
                    node: id,
                    incarnation,
                } = &*event
                    && let Some(peer) = self.node_of(*id)
                    && let Some(leading) = &mut self.nodes[node].leading
                {
                    // A connection that was made since is another one.
                    let is_same = leading
                        .connections
                        .get(&peer)
                        .is_some_and(|(_, connected)| connected == incarnation);
                    if is_same && !self.network.reaches_both_ways(node, peer) {
                        leading.connections.remove(&peer);
                    }
                }
                self.oversee(node, term, *event);
            }
            Local::SplitDue { generation, split } => self.read(node, generation, split),
            Local::Restored { generation } => self.restored(node, generation),
            Local::Uploaded {
                generation,
                epoch,
                loop_id,
                upload,
            } => self.uploaded(node, generation, epoch, loop_id, *upload),
            Local::Delivered { generation, epoch } => self.work(
                node,
                WorkerEvent::Delivered {
                    pipeline: 1,
                    generation,
                    epoch,
                },
            ),
            Local::EdgeLost { generation, peer } => self.peer_lost(node, generation, peer),
        }
    }

    /// What a sleeping node would have done, it does when it wakes, in order.
    pub(super) fn postpone(&mut self, node: Node, happening: Happening) {
        let at_us = self.nodes[node].asleep_until_us;
        self.schedule(at_us, happening);
    }
}
