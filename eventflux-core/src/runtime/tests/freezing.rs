//! Checkpoints whose snapshots are copied while rows go on coming.

use std::sync::atomic::{AtomicBool, Ordering};

use super::checkpoint::{World, read_up_to};
use super::recovery_kit::{Totals, app_made, expected, registry};
use super::*;
use crate::checkpoint::CheckpointConfig;
use crate::element::Watermark;
use crate::error::Error;
use crate::fail_point::{FailAction, set};
use crate::operator::{FreezingOperator, Output};
use crate::runtime::{RunEnd, RunningApp};
use crate::state::segment::SnapshotRows;
use crate::state::{StateReader, StateWriter};

/// Totals whose snapshot takes a while to be copied.
struct Slow {
    totals: Totals,
    /// The snapshot, and how many times it is asked for in vain.
    frozen: Option<(SnapshotRows, usize)>,
    gate: Arc<Gate>,
}

/// Holds snapshots back.
#[derive(Default)]
struct Gate {
    is_shut: AtomicBool,
}

const SLICES: usize = 3;

impl Operator for Slow {
    fn on_batch(&mut self, input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        self.totals.on_batch(input, batch, out)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        self.totals.on_watermark(watermark, out)
    }

    fn snapshot(&mut self, _: u64, _: &mut dyn StateWriter) -> Result<()> {
        Err(Error::Bug("it is not to be copied at once".into()))
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        self.totals.restore(state)
    }

    fn freezing(&mut self) -> Option<&mut dyn FreezingOperator> {
        Some(self)
    }
}

impl FreezingOperator for Slow {
    fn freeze(&mut self, epoch: u64) -> Result<()> {
        assert!(self.frozen.is_none(), "the last snapshot has not been taken");
        let mut rows = SnapshotRows::default();
        self.totals.snapshot(epoch, &mut rows)?;
        self.frozen = Some((rows, SLICES));
        Ok(())
    }

    fn copy_frozen(&mut self, _: usize) -> Result<Option<SnapshotRows>> {
        if self.gate.is_shut.load(Ordering::SeqCst) {
            return Ok(None);
        }
        if let Some((_, left @ 1..)) = &mut self.frozen {
            *left -= 1;
            return Ok(None);
        }
        Ok(self.frozen.take().map(|(rows, _)| rows))
    }
}

fn start(world: &World, gate: &Arc<Gate>, checkpoints: CheckpointConfig, parallelism: usize) -> RunningApp {
    start_named("slow", world, gate, checkpoints, parallelism)
}

fn start_named(
    operator: &str,
    world: &World,
    gate: &Arc<Gate>,
    checkpoints: CheckpointConfig,
    parallelism: usize,
) -> RunningApp {
    let config = RuntimeConfig {
        registry: registry(&world.shelf, &world.journal),
        checkpoints: Some(checkpoints),
        ..wide(parallelism)
    };
    let gate = Arc::clone(gate);
    let make = move || -> Box<dyn Operator> {
        Box::new(Slow {
            totals: Totals::default(),
            frozen: None,
            gate: Arc::clone(&gate),
        })
    };
    app_made(operator, config, make).unwrap().start().unwrap()
}

fn finish(world: &World) {
    world.shelf.let_read_all();
    let running = start(world, &Arc::default(), world.checkpoints(), 2);
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn rows_go_on_while_a_snapshot_is_copied_and_do_not_become_part_of_it() {
    for parallelism in [1, 2] {
        let world = World::new(2, 20);
        let gate = Arc::<Gate>::default();
        let running = start(&world, &gate, world.checkpoints(), parallelism);
        read_up_to(&world, &running, 5);
        gate.is_shut.store(true, Ordering::SeqCst);
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| running.checkpoint());
            // The barrier has passed all loops once the sinks have been asked.
            while running
                .metrics()
                .subtasks
                .iter()
                .any(|subtask| subtask.barrier_stops.count() == 0)
            {
                std::thread::yield_now();
            }
            read_up_to(&world, &running, 15);
            assert_eq!(running.metrics().checkpoints.committed, 0);
            assert!(!asked.is_finished());
            gate.is_shut.store(false, Ordering::SeqCst);
            asked.join().unwrap().unwrap();
        });
        world.journal.wait_for(10);
        assert_eq!(world.journal.rows().len(), 10);
        running.abort();
        let _ = running.wait();
        drop(running);
        finish(&world);
    }
}

#[test]
fn i7_a_run_that_dies_before_all_is_copied_has_not_committed() {
    let name = "slow, and dies";
    for passes in 0..=SLICES as u64 {
        let world = World::new(2, 20);
        let running = start_named(name, &world, &Arc::default(), world.checkpoints(), 1);
        read_up_to(&world, &running, 5);
        running.checkpoint().unwrap();
        let before = world.newest().epoch;
        read_up_to(&world, &running, 10);
        let armed = set("operator.slice.copied", name, passes, FailAction::Error);
        assert!(running.checkpoint().is_err());
        let error = running.wait().unwrap_err();
        assert!(error.to_string().contains("operator.slice.copied"), "{error}");
        assert_eq!(world.newest().epoch, before);
        drop(running);
        drop(armed);
        world.shelf.let_read_all();
        let running = start_named(name, &world, &Arc::default(), world.checkpoints(), 2);
        assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
        assert_eq!(world.journal.rows(), expected(&world.rows));
    }
}

#[test]
fn an_abort_does_not_wait_for_what_is_to_be_copied() {
    let world = World::new(2, 20);
    let gate = Arc::<Gate>::default();
    let running = start(&world, &gate, world.checkpoints(), 2);
    read_up_to(&world, &running, 5);
    gate.is_shut.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| running.checkpoint());
        while running
            .metrics()
            .subtasks
            .iter()
            .any(|subtask| subtask.barrier_stops.count() == 0)
        {
            std::thread::yield_now();
        }
        running.abort();
        let _ = running.wait();
        assert!(asked.join().unwrap().is_err());
    });
    drop(running);
    finish(&world);
}

#[test]
fn what_is_copied_after_its_checkpoint_was_given_up_becomes_part_of_the_next() {
    let world = World::new(2, 20);
    let gate = Arc::<Gate>::default();
    let impatient = CheckpointConfig {
        timeout: std::time::Duration::from_millis(20),
        pause_min: std::time::Duration::from_millis(1),
        ..world.checkpoints()
    };
    let running = start(&world, &gate, impatient, 2);
    read_up_to(&world, &running, 5);
    gate.is_shut.store(true, Ordering::SeqCst);
    while running.metrics().checkpoints.given_up < 2 {
        assert!(running.checkpoint().is_err());
    }
    assert_eq!(running.metrics().checkpoints.committed, 0);
    gate.is_shut.store(false, Ordering::SeqCst);
    read_up_to(&world, &running, 8);
    while running.checkpoint().is_err() {}
    world.journal.wait_for(16);
    running.abort();
    let _ = running.wait();
    drop(running);
    finish(&world);
}

#[test]
fn the_last_checkpoint_is_copied_before_a_run_ends() {
    let world = World::new(2, 20);
    for (read, parallelism) in [(7, 2), (12, 1)] {
        let running = start(&world, &Arc::default(), world.checkpoints(), parallelism);
        let before = world.journal.rows().len();
        world.shelf.let_read(read);
        while running.metrics().rows_out() as usize + before < 2 * read {
            std::thread::yield_now();
        }
        running.stop();
        assert_eq!(running.wait().unwrap().end, RunEnd::Stopped);
        assert_eq!(world.journal.rows().len(), 2 * read);
    }
    finish(&world);
}
