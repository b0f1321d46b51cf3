//! Runs whose key groups are given to subtasks by a table.

use super::checkpoint::World;
use super::recovery_kit::{Totals, app_configured, expected, registry};
use super::*;
use crate::element::Watermark;
use crate::key::{KeyBytes, KeyGroupMap, hash_bytes, key_group};
use crate::operator::Output;
use crate::plan::{DEFAULT_KEY_GROUPS, Exchange, Parallelism};
use crate::runtime::testing::{PlanBuilder, rows};
use crate::runtime::{RunEnd, RunningApp};
use crate::state::{StateReader, StateWriter};

/// A table without any order.
pub(super) fn scrambled(parallelism: usize, seed: u32) -> KeyGroupMap {
    let owner = |group: u32| (group.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 7) % parallelism as u32;
    KeyGroupMap::explicit((0..DEFAULT_KEY_GROUPS).map(owner).collect(), parallelism).unwrap()
}

pub(super) fn mapped(parallelism: usize, key_group_map: Option<KeyGroupMap>) -> RuntimeConfig {
    RuntimeConfig {
        key_group_map,
        ..wide(parallelism)
    }
}

fn start(world: &World, config: RuntimeConfig) -> RunningApp {
    let config = RuntimeConfig {
        registry: registry(&world.shelf, &world.journal),
        checkpoints: Some(world.checkpoints()),
        ..config
    };
    app_configured("totals", config).unwrap().start().unwrap()
}

#[test]
fn a_run_goes_on_under_any_map() {
    let world = World::new(3, 40);
    let maps = [
        (3, None),
        (3, Some(scrambled(3, 1))),
        (3, Some(scrambled(3, 1))),
        (3, Some(scrambled(3, 2))),
        (3, None),
        (2, Some(scrambled(2, 3))),
        (3, Some(scrambled(3, 1))),
    ];
    for (read, (parallelism, map)) in (1..).map(|round| round * 5).zip(maps) {
        let before = world.journal.rows().len();
        let running = start(&world, mapped(parallelism, map));
        // Two checkpoints: what the second one adds is read after what the first one has stored.
        for read in [read - 2, read] {
            world.shelf.let_read(read);
            while running.metrics().rows_out() as usize + before < world.rows.len() * read {
                std::thread::yield_now();
            }
            running.checkpoint().unwrap();
        }
        running.abort();
        let _ = running.wait();
        // What was committed is visible at the latest when the next run has started.
        drop(start(&world, wide(1)));
    }
    world.shelf.let_read_all();
    let running = start(&world, mapped(3, Some(scrambled(3, 4))));
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn under_the_same_map_only_changes_are_stored() {
    let world = World::new(1, 10);
    let run = |read: usize, map: &KeyGroupMap| {
        let running = start(&world, mapped(3, Some(map.clone())));
        world.shelf.let_read(read);
        let before = world.journal.rows().len();
        while (running.metrics().rows_out() as usize) + before < read {
            std::thread::yield_now();
        }
        running.stop();
        assert_eq!(running.wait().unwrap().end, RunEnd::Stopped);
        let rows = world
            .newest()
            .segments
            .into_iter()
            .map(|segment| segment.row_count);
        rows.sum::<u64>()
    };
    // Seven keys, then one of them again, then all of them to their new owners.
    assert_eq!(run(7, &scrambled(3, 1)), 7);
    assert_eq!(run(8, &scrambled(3, 1)), 8);
    assert_eq!(run(8, &scrambled(3, 2)), 7);
}

/// Totals that check where they are kept.
struct Owned(Totals, OperatorContext);

impl Operator for Owned {
    fn on_batch(&mut self, input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let mut keys = KeyBytes::default();
        keys.fill(batch.rows(), &[1])?;
        for row in 0..keys.len() {
            let group = key_group(hash_bytes(keys.row(row)), self.1.key_groups);
            assert_eq!(self.1.owners.owner(group), self.1.subtask);
        }
        self.0.on_batch(input, batch, out)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        self.0.on_watermark(watermark, out)
    }

    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        self.0.snapshot(epoch, state)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        self.0.restore(state)
    }
}

#[test]
fn rows_go_to_the_owner_of_their_key_group() {
    let run = |map: Option<KeyGroupMap>| {
        let mut plan = PlanBuilder::new();
        let source = plan.input("s");
        let totals = plan.operator("totals", Parallelism::Any);
        let narrow = plan.operator("narrow", Parallelism::AtMost(2));
        let out = plan.outlet("out");
        plan.edge(source, totals, 0, Exchange::Hash(vec![1]));
        plan.edge(totals, narrow, 0, Exchange::Hash(vec![1]));
        plan.edge(narrow, out, 0, Exchange::Forward);
        let make = |_: &str, context: &OperatorContext| {
            Box::new(Owned(Totals::default(), context.clone())) as Box<dyn Operator>
        };
        let runtime = runtime(plan.build(), mapped(3, map), make);
        let kept = Kept::of(&runtime, "out");
        let running = runtime.start().unwrap();
        let all: Vec<_> = (0..500).map(|row| (row, row % 97, row)).collect();
        running.input("s").unwrap().send_batch(rows(&all)).unwrap();
        running.finish();
        running.wait().unwrap();
        kept.sorted()
    };
    let contiguous = run(None);
    assert_eq!(contiguous.len(), 500);
    assert_eq!(run(Some(scrambled(3, 1))), contiguous);
    assert_eq!(
        run(Some(KeyGroupMap::explicit(vec![2; 1024], 3).unwrap())),
        contiguous
    );
}

#[test]
fn a_map_of_another_size_is_refused() {
    let refused = |key_groups: u32, parallelism: usize| {
        let map = KeyGroupMap::contiguous(key_groups, parallelism);
        let mut plan = PlanBuilder::new();
        let source = plan.input("s");
        let out = plan.outlet("out");
        plan.edge(source, out, 0, Exchange::Forward);
        let runtime = Runtime::new(plan.build(), mapped(3, Some(map)));
        runtime.err().unwrap().to_string()
    };
    let ends = "the run 1024 for 3";
    assert!(refused(8, 3).ends_with(&format!("it has 8 key groups for 3 subtasks, {ends}")));
    assert!(refused(1024, 2).ends_with(&format!("it has 1024 key groups for 2 subtasks, {ends}")));
}
