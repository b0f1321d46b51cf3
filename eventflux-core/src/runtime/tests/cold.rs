//! Runs whose state is larger than their memory: stopped, killed, and started again.

use std::path::Path;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use tempfile::TempDir;

use super::key_group_map::{mapped, scrambled};
use super::recovery_kit::{Journal, Row, Shelf, expected, journal_node, registry};
use super::*;
use crate::batch::RowKind;
use crate::checkpoint::CheckpointConfig;
use crate::fail_point::{FailAction, set};
use crate::operator::Output;
use crate::plan::{
    AggregateCall, AggregateFunction, ChangelogMode, ErrorPolicy, Exchange, GroupAggregateSpec, Parallelism,
    SourceKind,
};
use crate::runtime::testing::{PlanBuilder, on_batch, schema, source_spec};
use crate::runtime::{MemoryLimit, RunEnd, RunningApp};
use crate::state::store::MemoryStore;

/// Everything that outlives a run.
struct World {
    rows: Vec<Vec<Row>>,
    shelf: Arc<Shelf>,
    journal: Arc<Journal>,
    store: Arc<MemoryStore>,
    folder: TempDir,
    /// Of the operator with state.
    name: &'static str,
}

const KEYS: usize = 300;

impl World {
    /// Two partitions, each with so many rounds over its keys.
    fn new(name: &'static str, rounds: usize) -> Self {
        let row = |index: usize, row: usize| (row as i64, (index * 1000 + row * 7 % KEYS) as i64, row as i64);
        let partition = |index| (0..rounds * KEYS).map(|number| row(index, number)).collect();
        let rows: Vec<Vec<Row>> = (0..2).map(partition).collect();
        Self {
            shelf: Shelf::new(rows.clone()),
            rows,
            journal: Arc::default(),
            store: Arc::default(),
            folder: TempDir::new().unwrap(),
            name,
        }
    }

    /// A run with this much memory for its state.
    fn start(&self, parallelism: usize, state_bytes: u64) -> RunningApp {
        self.start_wide(wide(parallelism), state_bytes)
    }

    fn start_wide(&self, wide: RuntimeConfig, state_bytes: u64) -> RunningApp {
        let checkpoints = CheckpointConfig {
            pause_min: Duration::ZERO,
            ..CheckpointConfig::new(Arc::clone(&self.store) as _)
        };
        let config = RuntimeConfig {
            registry: registry(&self.shelf, &self.journal),
            checkpoints: Some(checkpoints),
            memory: Some(limit(state_bytes, self.folder.path())),
            ..wide
        };
        let make = |plan: &PhysicalPlan, node: &Node, context: &OperatorContext| match node.spec {
            OperatorSpec::GroupAggregate(_) => make_operator(plan, node, context),
            _ => Ok(after_images()),
        };
        let runtime = Runtime::with_operators(plan(self.name), config, Box::new(make)).unwrap();
        runtime.start().unwrap()
    }

    /// Reads so many rows of each partition in all, and stops; says how often rows left memory.
    fn read_up_to(&self, row_count: usize, parallelism: usize) -> u64 {
        self.read_wide(row_count, wide(parallelism))
    }

    fn read_wide(&self, row_count: usize, wide: RuntimeConfig) -> u64 {
        let before = self.journal.rows().len();
        let running = self.start_wide(wide, STATE_BYTES);
        self.shelf.let_read(row_count);
        while running.metrics().rows_out() as usize + before < self.rows.len() * row_count {
            std::thread::yield_now();
        }
        running.stop();
        evictions(&running.wait().unwrap().metrics)
    }
}

/// Room for some of the keys.
const STATE_BYTES: u64 = 24 << 10;

fn limit(state_bytes: u64, folder: &Path) -> MemoryLimit {
    MemoryLimit {
        bytes: 64 << 20,
        state_bytes: Some(state_bytes),
        folder: folder.join("cold"),
        is_kept: true,
    }
}

fn evictions(metrics: &crate::metrics::MetricsSnapshot) -> u64 {
    metrics
        .operators
        .iter()
        .map(|operator| operator.state_evictions)
        .sum()
}

/// The schema of groups: the key, its last time, its sum.
fn groups() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("v", DataType::Int64, true),
    ]))
}

/// shelf → groups by k → after-images → journal.
fn plan(name: &str) -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let kind = SourceKind::Connector {
        connector: "shelf".into(),
        options: Vec::new(),
    };
    let source = plan.source(source_spec("shelf", kind));
    let types = [schema().field(0).data_type().clone(), DataType::Int64];
    let call = |function, argument: usize| {
        let data_type = types[argument / 2].clone();
        AggregateCall {
            function,
            arguments: vec![argument],
            argument_types: vec![data_type.clone()],
            parameters: vec![],
            distinct: false,
            filter: None,
            order_by: vec![],
            output: Arc::new(Field::new("result", data_type, true)),
        }
    };
    let spec = OperatorSpec::GroupAggregate(GroupAggregateSpec {
        keys: vec![1],
        calls: vec![call(AggregateFunction::Max, 0), call(AggregateFunction::Sum, 2)],
        state_ttl: None,
        error_policy: ErrorPolicy::Fail,
    });
    let groups = plan.node(name, spec, groups(), Parallelism::Any);
    let unique_key = Some(vec![0]);
    plan.set_changelog(groups, ChangelogMode::Changelog { unique_key });
    let images = plan.operator("images", Parallelism::Any);
    let sink = journal_node(&mut plan);
    plan.edge(source, groups, 0, Exchange::Hash(vec![1]));
    plan.chain(&[groups, images, sink]);
    plan.build()
}

/// Groups as they are after each change, with the columns of the journal.
fn after_images() -> Box<dyn Operator> {
    on_batch(|batch, out: &mut Output<'_>| {
        let kinds = batch.kinds().cloned();
        let is_kept = |row: usize| {
            kinds
                .as_ref()
                .is_none_or(|kinds| RowKind::is_addition(kinds[row]))
        };
        let kept = (0..batch.num_rows()).map(is_kept).collect::<Vec<_>>();
        let kept = batch.filter(&BooleanArray::from(kept))?;
        let columns: Vec<ArrayRef> = [1, 0, 2].map(|index| Arc::clone(kept.column(index))).into();
        let wanted = schema();
        let cast =
            |(column, field): (&ArrayRef, &Arc<Field>)| arrow::compute::cast(column, field.data_type());
        let columns = columns.iter().zip(wanted.fields()).map(cast);
        let columns = columns.collect::<Result<_, arrow::error::ArrowError>>()?;
        let rows = RecordBatch::try_new(schema(), columns)?;
        assert_eq!(rows.column(0).null_count(), 0);
        out.emit(EventBatch::new(rows, kept.event_time().clone())?)
    })
}

#[test]
fn state_beyond_memory_goes_on_at_any_parallelism() {
    let world = World::new("groups", 6);
    let mut evicted = 0;
    for (round, parallelism) in [1, 1, 3, 2, 2].into_iter().enumerate() {
        evicted += world.read_up_to((round + 1) * KEYS, parallelism);
    }
    assert!(evicted > KEYS as u64, "only {evicted} rows left memory");
    world.shelf.let_read_all();
    let last = world.start(4, STATE_BYTES);
    assert_eq!(last.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn state_beyond_memory_goes_on_under_any_map() {
    let world = World::new("groups under maps", 5);
    let maps = [
        None,
        Some(scrambled(3, 1)),
        Some(scrambled(3, 1)),
        Some(scrambled(3, 2)),
    ];
    for (round, map) in (1..).zip(maps) {
        world.read_wide(round * KEYS, mapped(3, map));
    }
    world.shelf.let_read_all();
    let last = world.start(3, STATE_BYTES);
    assert_eq!(last.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn a_crash_between_a_commit_and_its_cold_rows_loses_nothing() {
    let world = World::new("groups that crash", 5);
    world.read_up_to(KEYS, 2);
    for round in 2..5 {
        let running = world.start(2, STATE_BYTES);
        world.shelf.let_read(round * KEYS);
        // Of one subtask the delta is applied, of the other one it is not.
        let _armed = set("cold.apply", world.name, 1, FailAction::Error);
        while running.checkpoint().is_ok() {}
        let error = running.wait().unwrap_err();
        assert!(error.to_string().contains("cold.apply"), "{error}");
    }
    world.shelf.let_read_all();
    let last = world.start(2, STATE_BYTES);
    assert_eq!(last.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(world.journal.rows(), expected(&world.rows));
}

#[test]
fn what_is_kept_on_the_disk_is_used_by_the_next_start() {
    let world = World::new("groups that stay", 3);
    world.read_up_to(KEYS, 1);
    let tiers = || {
        let keyspaces = std::fs::read_dir(world.folder.path().join("cold/keyspaces")).unwrap();
        let mut names = keyspaces
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>();
        names.sort();
        names
    };
    let before = tiers();
    world.read_up_to(2 * KEYS, 1);
    assert_eq!(tiers(), before, "the tier is not made anew");
    world.read_up_to(3 * KEYS, 2);
    assert_ne!(tiers(), before, "two subtasks have tiers of their own");
}
