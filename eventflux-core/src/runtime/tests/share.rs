//! One plan whose loops run in several processes: here in several runtimes of one, joined by a wire of the test.

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::checkpoint::World;
use super::recovery_kit::{app, expected};
use super::*;
use crate::checkpoint::{CheckpointConfig, ShareReport, StagedPart};
use crate::element::{Barrier, StreamElement};
use crate::error::Error;
use crate::runtime::in_process::block_on;
use crate::runtime::{
    EdgeFeed, EdgeId, RemoteEdges, RemoteSender, RunEnd, RunningApp, RunningLead, RunningShare, Share,
};

/// All channels between the processes of a run. Nothing is lost and nothing overtaken, and one batch at a time is under way.
#[derive(Debug, Default, Clone)]
struct Wires(Arc<Mutex<HashMap<EdgeId, Wire>>>);

#[derive(Debug, Default)]
struct Wire {
    feed: Option<EdgeFeed>,
    /// What came before the receiver was there.
    early: VecDeque<StreamElement>,
    sender: Option<Waker>,
}

#[derive(Debug)]
struct WireEnd {
    wires: Wires,
    id: EdgeId,
}

impl Wires {
    fn with<T>(&self, id: EdgeId, body: impl FnOnce(&mut Wire) -> T) -> T {
        body(self.0.lock().unwrap().entry(id).or_default())
    }
}

impl Wire {
    fn send(&mut self, element: StreamElement) {
        match &self.feed {
            Some(feed) => feed.push(element, 0),
            None => self.early.push_back(element),
        }
    }
}

impl RemoteSender for WireEnd {
    fn try_send(&mut self, batch: EventBatch) -> Result<Option<EventBatch>> {
        Ok(self.wires.with(self.id, |wire| match wire.feed {
            Some(_) => {
                wire.send(StreamElement::Batch(batch));
                None
            }
            None => Some(batch),
        }))
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.wires.with(self.id, |wire| {
            if wire.feed.is_some() {
                return Poll::Ready(());
            }
            wire.sender = Some(context.waker().clone());
            Poll::Pending
        })
    }

    fn send_control(&mut self, element: StreamElement) -> Result<()> {
        self.wires.with(self.id, |wire| wire.send(element));
        Ok(())
    }
}

impl RemoteEdges for Wires {
    fn sender(&self, id: EdgeId) -> Result<Box<dyn RemoteSender>> {
        let wires = self.clone();
        Ok(Box::new(WireEnd { wires, id }))
    }

    fn receive(&self, id: EdgeId, feed: EdgeFeed) -> Result<()> {
        self.with(id, |wire| {
            for element in wire.early.drain(..) {
                feed.push(element, 0);
            }
            wire.feed = Some(feed);
            if let Some(sender) = wire.sender.take() {
                sender.wake();
            }
        });
        Ok(())
    }
}

/// A lead and so many shares, loops dealt out in turn.
struct Cluster {
    lead: RunningLead,
    shares: Vec<RunningApp>,
    carriers: Vec<thread::JoinHandle<()>>,
}

impl Cluster {
    fn start(
        world: &World,
        checkpoints: &CheckpointConfig,
        parallelism: usize,
        process_count: usize,
    ) -> Self {
        let process = || app(&world.shelf, &world.journal, checkpoints.clone(), parallelism);
        let lead = process().start_lead().unwrap();
        let loop_count = process().loops().len();
        let wires = Wires::default();
        let mut cluster = Self {
            lead,
            shares: Vec::new(),
            carriers: Vec::new(),
        };
        for index in 0..process_count {
            let share = Share {
                generation: cluster.lead.generation,
                loops: (0..loop_count)
                    .filter(|loop_id| loop_id % process_count == index)
                    .collect(),
                edges: Arc::new(wires.clone()),
                from: cluster.lead.from.clone(),
            };
            cluster.carry(process().start_share(share).unwrap());
        }
        cluster
    }

    /// Carries orders to a share and its reports to the lead.
    fn carry(&mut self, share: RunningShare) {
        let RunningShare {
            app,
            orders,
            mut reports,
        } = share;
        let mut ordered = self.lead.orders.clone();
        let reporter = self.lead.reports.clone();
        self.carriers.push(thread::spawn(move || {
            block_on(async {
                while ordered.changed().await.is_ok() {
                    orders.obey(*ordered.borrow_and_update());
                }
            });
        }));
        self.carriers.push(thread::spawn(move || {
            block_on(async {
                while let Some(report) = reports.recv().await {
                    reporter.take(report);
                }
            });
        }));
        self.shares.push(app);
    }

    fn rows_out(&self) -> usize {
        self.shares
            .iter()
            .map(|share| share.metrics().rows_out() as usize)
            .sum()
    }

    fn wait(self) -> RunEnd {
        let end = self.lead.app.wait().unwrap().end;
        for share in &self.shares {
            assert_eq!(share.wait().unwrap().end, end);
        }
        drop(self.lead);
        drop(self.shares);
        for carrier in self.carriers {
            carrier.join().unwrap();
        }
        end
    }
}

/// Waits until all rows up to a limit of each partition are on their way, and a checkpoint has them.
fn read_up_to(world: &World, cluster: &Cluster, row_count: usize, before: usize) {
    world.shelf.let_read(row_count);
    while cluster.rows_out() + before < world.rows.len() * row_count {
        thread::yield_now();
    }
    cluster.lead.app.checkpoint().unwrap();
}

#[test]
fn results_are_those_of_one_process() {
    for (parallelism, process_count) in [(1, 1), (1, 2), (2, 2), (3, 2), (4, 3)] {
        let world = World::new(3, 20);
        world.shelf.let_read_all();
        let cluster = Cluster::start(&world, &world.checkpoints(), parallelism, process_count);
        assert_eq!(cluster.wait(), RunEnd::InputEnded);
        assert_eq!(world.journal.rows(), expected(&world.rows));
    }
}

#[test]
fn a_run_goes_on_with_other_processes_at_another_parallelism() {
    let world = World::new(3, 20);
    let mut before = 0;
    for (parallelism, process_count, read) in [(2, 2, 4), (3, 3, 9), (3, 2, 13)] {
        let cluster = Cluster::start(&world, &world.checkpoints(), parallelism, process_count);
        read_up_to(&world, &cluster, read, before);
        before = world.rows.len() * read;
        cluster.lead.app.abort();
        for share in &cluster.shares {
            share.abort();
            let _ = share.wait();
        }
    }
    world.finish(1);
}

#[test]
fn a_stop_takes_a_last_checkpoint_and_delivers_everything() {
    let world = World::new(2, 10);
    let cluster = Cluster::start(&world, &world.checkpoints(), 2, 2);
    world.shelf.let_read(6);
    while cluster.rows_out() < 12 {
        thread::yield_now();
    }
    cluster.lead.app.stop();
    assert_eq!(cluster.wait(), RunEnd::Stopped);
    assert_eq!(world.journal.rows().len(), 12);
    world.finish(2);
}

#[test]
fn a_lead_that_another_has_taken_over_commits_nothing_more() {
    let world = World::new(2, 10);
    let zombie = Cluster::start(&world, &world.checkpoints(), 2, 2);
    read_up_to(&world, &zombie, 3, 0);
    let next = Cluster::start(&world, &world.checkpoints(), 2, 2);
    assert!(next.lead.generation > zombie.lead.generation);
    world.shelf.let_read(6);
    while zombie.rows_out() < 12 || next.rows_out() + 6 < 12 {
        thread::yield_now();
    }
    next.lead.app.checkpoint().unwrap();
    assert!(zombie.lead.app.checkpoint().is_err());
    assert!(matches!(
        zombie.lead.app.wait().unwrap_err(),
        Error::TakenOver { .. }
    ));
    world.shelf.let_read_all();
    assert_eq!(next.wait(), RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn what_a_share_of_another_generation_reports_counts_for_nothing() {
    let world = World::new(2, 10);
    let first = Cluster::start(&world, &world.checkpoints(), 1, 1);
    read_up_to(&world, &first, 3, 0);
    first.lead.app.abort();
    let second = Cluster::start(&world, &world.checkpoints(), 1, 1);
    // The zombie's share reports to the new lead, as if a connection had been mixed up.
    let epoch = second
        .lead
        .orders
        .borrow()
        .barrier
        .map_or(100, |barrier| barrier.epoch);
    for loop_id in 0..2 {
        second.lead.reports.take(ShareReport::Staged(StagedPart {
            barrier: Barrier {
                generation: first.lead.generation,
                epoch,
            },
            loop_id,
            segments: Vec::new(),
            cuts: Vec::new(),
            watermarks: Vec::new(),
            notes: Vec::new(),
            new_bytes: 0,
        }));
    }
    world.shelf.let_read_all();
    assert_eq!(second.wait(), RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}
