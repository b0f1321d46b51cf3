//! What checkpoints cost and how fast state comes back, measured from inside of a process. `benches/checkpoint.py` runs it.
//!
//! ```text
//! checkpoint run KEYS HOT_KEYS ROWS [STATE_DIR INTERVAL_MS]   a window of KEYS keys, then ROWS rows of HOT_KEYS of them
//! checkpoint restore KEYS STATE_DIR                           goes on from the state that a run has left
//! ```
//!
//! Prints one line of JSON. The query is `SELECT k, count(*), avg(px), max(px) … GROUP BY k` of a tumbling window that stays open.
//! Rows are columns in memory that are sent again and again, so nothing but the engine is measured.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement may panic and has to print"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use eventflux_core::checkpoint::CheckpointConfig;
use eventflux_core::metrics::{BarrierStops, SubtaskSnapshot};
use eventflux_core::plan::{
    AggregateCall, AggregateFunction, ChangelogMode, DEFAULT_KEY_GROUPS, Edge, ErrorPolicy, EventTimeSpec,
    Exchange, InProcessSinkSpec, Node, NodeId, OperatorSpec, Parallelism, PhysicalPlan, Port, SourceColumn,
    SourceKind, SourceSpec, WindowAggregateSpec, WindowSpec, WindowTime,
};
use eventflux_core::runtime::{RunningApp, Runtime, RuntimeConfig};
use eventflux_core::state::store::DirectoryStore;

const BATCH_ROWS: usize = 4096;

/// Noon: the window stays open.
const AT_US: i64 = 1_700_049_600_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["run", keys, hot_keys, rows] => run(number(keys), number(hot_keys), number(rows), None),
        ["run", keys, hot_keys, rows, directory, interval_ms] => {
            let interval = Duration::from_millis(number(interval_ms) as u64);
            run(
                number(keys),
                number(hot_keys),
                number(rows),
                Some((directory, interval)),
            );
        }
        ["restore", keys, directory] => restore(number(keys), directory),
        _ => println!("{{}}"),
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn call(function: AggregateFunction, argument: Option<usize>, output: DataType) -> AggregateCall {
    AggregateCall {
        function,
        arguments: argument.into_iter().collect(),
        argument_types: argument.map(|_| DataType::Float64).into_iter().collect(),
        parameters: Vec::new(),
        distinct: false,
        filter: None,
        order_by: Vec::new(),
        output: Arc::new(Field::new("result", output, true)),
    }
}

/// trades (at, k, px) → tumbling window of a day by k → out.
fn plan() -> PhysicalPlan {
    use DataType::{Float64, Int64};
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let input = schema(&[("at", time.clone()), ("k", Int64), ("px", Float64)]);
    let windows = ["window_start", "window_end", "window_time"].map(|name| (name, time.clone()));
    let results = [("k", Int64), ("n", Int64), ("mean", Float64), ("top", Float64)];
    let output = schema(&results.into_iter().chain(windows).collect::<Vec<_>>());
    let column = |field: &Arc<Field>| SourceColumn {
        field: Arc::clone(field),
        metadata: None,
    };
    let source = SourceSpec {
        stream: "trades".into(),
        kind: SourceKind::InProcess,
        columns: input.fields().iter().map(column).collect(),
        declared: Arc::clone(&input),
        computed: Vec::new(),
        event_time: Some(EventTimeSpec {
            column: 0,
            delay_us: 0,
        }),
        idle_timeout_us: 30_000_000,
        error_policy: ErrorPolicy::DeadLetter,
    };
    let window = WindowAggregateSpec {
        window: WindowTime::Assign(WindowSpec::Tumble {
            size_us: 86_400_000_000,
            offset_us: 0,
        }),
        keys: vec![1],
        calls: vec![
            call(AggregateFunction::Count, None, Int64),
            call(AggregateFunction::Avg, Some(2), Float64),
            call(AggregateFunction::Max, Some(2), Float64),
        ],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::Fail,
    };
    let sink = InProcessSinkSpec {
        stream: "out".into(),
        schema: Arc::clone(&output),
    };
    let nodes = [
        ("trades", OperatorSpec::Source(source), input),
        (
            "window",
            OperatorSpec::WindowAggregate(window),
            Arc::clone(&output),
        ),
        ("out", OperatorSpec::InProcessSink(sink), output),
    ];
    let nodes = nodes.into_iter().enumerate();
    let edge = |from: usize, exchange| Edge {
        from: NodeId(from),
        port: Port::Main,
        to: NodeId(from + 1),
        input: 0,
        exchange,
    };
    PhysicalPlan {
        nodes: nodes
            .map(|(index, (name, spec, schema))| Node {
                id: NodeId(index),
                operator_id: name.into(),
                name: name.into(),
                spec,
                schema,
                changelog: ChangelogMode::Append,
                parallelism: Parallelism::Any,
                span: None,
            })
            .collect(),
        edges: vec![edge(0, Exchange::Hash(vec![1])), edge(1, Exchange::Forward)],
        key_groups: DEFAULT_KEY_GROUPS,
    }
}

fn runtime(state: Option<(&str, Duration)>) -> Runtime {
    let checkpoints = state.map(|(directory, interval)| CheckpointConfig {
        interval: Some(interval),
        pause_min: Duration::ZERO,
        ..CheckpointConfig::new(Arc::new(DirectoryStore::open(directory).unwrap()))
    });
    let config = RuntimeConfig {
        checkpoints,
        ..RuntimeConfig::default()
    };
    Runtime::new(plan(), config).unwrap()
}

/// Rows of these keys, in an order that jumps about.
fn rows(keys: impl Iterator<Item = usize>, schema: &SchemaRef) -> RecordBatch {
    let keys: Vec<i64> = keys.map(|key| key as i64).collect();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "at" => Arc::new(TimestampMicrosecondArray::from(vec![AT_US; keys.len()])),
            "k" => Arc::new(Int64Array::from(keys.clone())),
            _ => Arc::new(Float64Array::from_iter_values(
                keys.iter().map(|key| (key % 1000) as f64),
            )),
        }
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
}

/// Batches that have each of so many keys once, spread over the numbers from 0 to `span`.
fn batches(key_count: usize, span: usize, schema: &SchemaRef) -> Vec<RecordBatch> {
    let spread = |index: usize| index.wrapping_mul(2_654_435_761) % span;
    let starts = (0..key_count).step_by(BATCH_ROWS);
    starts
        .map(|start| rows((start..key_count.min(start + BATCH_ROWS)).map(spread), schema))
        .collect()
}

fn wait_for(running: &RunningApp, row_count: usize) {
    while (running.metrics().rows_in() as usize) < row_count {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn run(keys: usize, hot_keys: usize, row_count: usize, state: Option<(&str, Duration)>) {
    let runtime = runtime(state);
    let input = runtime.input("trades").unwrap().clone();
    let all = batches(keys, keys, input.schema());
    let hot = batches(hot_keys, keys, input.schema());
    let running = runtime.start().unwrap();
    let mut sent = 0;
    for batch in all {
        sent += batch.num_rows();
        input.send_batch(batch).unwrap();
    }
    wait_for(&running, sent);
    let base_seconds = state.map(|_| {
        let began = Instant::now();
        running.checkpoint().unwrap();
        began.elapsed().as_secs_f64()
    });
    let base = running.metrics();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let mut left = row_count;
    for batch in hot.iter().cycle() {
        left = left.saturating_sub(batch.num_rows());
        sent += batch.num_rows();
        input.send_batch(batch.clone()).unwrap();
        if left == 0 {
            break;
        }
    }
    wait_for(&running, sent);
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    if state.is_some() {
        running.checkpoint().unwrap();
    }
    let end = running.metrics();
    let checkpoints = end.checkpoints.committed - base.checkpoints.committed;
    let bytes = end.checkpoints.bytes - base.checkpoints.bytes;
    let (base_stop, stops) = (longest(&base.subtasks), longest(&end.subtasks));
    println!(
        "{{\"seconds\": {seconds:.4}, \"cpu\": {cpu:.3}, \"base_seconds\": {:.3}, \"base_bytes\": {}, \"base_stop_ms\": {:.3}, \
         \"checkpoints\": {checkpoints}, \"bytes\": {bytes}, \"stop_over_5ms\": {}, \"stop_mean_ms\": {:.3}, \
         \"stop_max_ms\": {:.3}, \"state_bytes\": {}}}",
        base_seconds.unwrap_or_default(),
        base.checkpoints.bytes,
        base_stop.max_us as f64 / 1e3,
        over_5ms(stops) - over_5ms(base_stop),
        (stops.total_us - base_stop.total_us) as f64 / 1e3 / checkpoints.max(1) as f64,
        stops.max_us as f64 / 1e3,
        end.state_bytes(),
    );
    running.abort();
    let _ = running.wait();
}

fn over_5ms(stops: BarrierStops) -> u64 {
    stops.up_to_25ms + stops.longer
}

/// Of the loop that stood still longest.
fn longest(subtasks: &[SubtaskSnapshot]) -> BarrierStops {
    let stops = subtasks.iter().map(|subtask| subtask.barrier_stops);
    stops.max_by_key(|stops| stops.total_us).unwrap_or_default()
}

fn restore(keys: usize, directory: &str) {
    let runtime = runtime(Some((directory, Duration::from_secs(3600))));
    let input = runtime.input("trades").unwrap().clone();
    let some = rows(0..1, input.schema());
    let empty_bytes = memory_bytes("VmRSS:");
    let began = Instant::now();
    let running = runtime.start().unwrap();
    let restored = began.elapsed().as_secs_f64();
    input.send_batch(some).unwrap();
    wait_for(&running, 1);
    let first_row = began.elapsed().as_secs_f64();
    let (peak_bytes, resident_bytes) = (memory_bytes("VmHWM:"), memory_bytes("VmRSS:"));
    // What is measured is measured now and then.
    while running.metrics().state_bytes() == 0 {
        input.send_batch(rows(0..1, input.schema())).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let state_bytes = running.metrics().state_bytes();
    println!(
        "{{\"keys\": {keys}, \"seconds\": {restored:.4}, \"first_row\": {first_row:.4}, \"state_bytes\": {state_bytes}, \
         \"empty_bytes\": {empty_bytes}, \"peak_bytes\": {peak_bytes}, \"resident_bytes\": {resident_bytes}}}"
    );
    running.abort();
    let _ = running.wait();
}

/// A line of this process's status.
fn memory_bytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

/// User and system time of this process, in steps of a hundredth of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name in parentheses may hold blanks; the fields behind it start with the third.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
