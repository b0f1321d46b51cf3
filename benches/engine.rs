//! What expressions, window aggregates and exchanges cost per row, on columns in memory.
//!
//! Throughput is in elements (rows): its inverse is the cost per row. Expressions and aggregates are single operators of
//! compiled queries, beside the same work written by hand; exchanges are whole runs, of which `1 subtask` has none.

#![allow(clippy::unwrap_used, reason = "a bench may fail in the shortest way")]

#[path = "../eventflux-connectors/benches/format/cpu_time.rs"]
mod cpu_time;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, Int64Type, SchemaRef};
use cpu_time::CpuTime;
use criterion::measurement::Measurement;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eventflux::batch::EventBatch;
use eventflux::built_in_registry;
use eventflux::runtime::{Runtime, RuntimeConfig};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::{CompileContext, compile};
use eventflux_core::element::StreamElement;
use eventflux_core::operator::{Operator, OperatorInput, Output, build_operator};
use eventflux_core::plan::{OperatorSpec, PhysicalPlan};
use eventflux_core::testing::{Side, context};

const BATCH_ROWS: usize = 4096;
/// Rows per millisecond of event time.
const DENSITY: usize = 1;

const STREAM: &str =
    "CREATE STREAM trades (at TIMESTAMP, sym STRING, px DOUBLE, qty BIGINT, WATERMARK FOR at AS at);\n";

fn plan(select: &str) -> PhysicalPlan {
    let text =
        format!("{STREAM}CREATE SINK out WITH ('connector' = 'blackhole');\nINSERT INTO out {select};");
    let source = SourceText::new("bench.sql", text);
    let context = CompileContext {
        registry: built_in_registry(),
        ..CompileContext::default()
    };
    compile(&source, &context).unwrap().plan
}

/// Rows of a batch; times go on from batch to batch, keys and numbers are scattered.
fn rows(batch: usize, keys: usize, schema: &SchemaRef) -> RecordBatch {
    let first = batch * BATCH_ROWS;
    let numbers = || (first..first + BATCH_ROWS).map(|row| row.wrapping_mul(2_654_435_761) >> 7);
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "at" => Arc::new(TimestampMicrosecondArray::from_iter_values(
                (first..first + BATCH_ROWS).map(|row| 1_700_000_000_000_000 + (row * 1000 / DENSITY) as i64),
            )),
            "sym" => Arc::new(StringArray::from_iter_values(
                numbers().map(|n| format!("SYM{:07}", n % keys)),
            )),
            "px" => Arc::new(Float64Array::from_iter_values(
                numbers().map(|n| (n % 100_000) as f64 / 100.0),
            )),
            _ => Arc::new(Int64Array::from_iter_values(numbers().map(|n| (n % 1000) as i64))),
        }
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
}

fn event_batch(batch: usize, keys: usize, schema: &SchemaRef) -> EventBatch {
    let first = (batch * BATCH_ROWS) as i64;
    let times: Vec<i64> = (first..first + BATCH_ROWS as i64)
        .map(|row| 1_700_000_000_000_000 + row * 1000 / DENSITY as i64)
        .collect();
    EventBatch::new(rows(batch, keys, schema), times.into()).unwrap()
}

/// The operator of a query that `is_it` finds, and the schema of its input.
fn operator(select: &str, is_it: impl Fn(&OperatorSpec) -> bool) -> (Box<dyn Operator>, SchemaRef) {
    let plan = plan(select);
    let node = plan.nodes.iter().find(|node| is_it(&node.spec)).unwrap();
    let (schema, changelog) = plan.rows_of(plan.inputs(node.id).next().unwrap());
    let input = OperatorInput {
        schema: Arc::clone(&schema),
        changelog,
    };
    let operator = build_operator(&node.spec, &[input], &node.schema, context()).unwrap();
    (operator, schema)
}

fn push(operator: &mut dyn Operator, batch: EventBatch) -> Vec<StreamElement> {
    let (mut emitted, mut side) = (Vec::new(), Side::default());
    let watermark = batch.event_time()[batch.num_rows() - 1];
    let mut output = Output::new(&mut emitted, &mut side);
    operator.on_batch(0, batch, &mut output).unwrap();
    operator.on_watermark(watermark, &mut output).unwrap();
    emitted
}

fn expressions<M: Measurement>(criterion: &mut Criterion<M>) {
    let mut group = criterion.benchmark_group("expression");
    group.throughput(Throughput::Elements(BATCH_ROWS as u64));
    let queries = [
        (
            "filter and product",
            "SELECT sym, px * qty AS v FROM trades WHERE px > 500",
        ),
        (
            "arithmetic",
            "SELECT px * 1.1 + qty / 3.0 - sqrt(px) AS v, qty * 3 - 7 AS n FROM trades",
        ),
        (
            "case",
            "SELECT CASE WHEN px > 900 THEN 'high' WHEN px > 100 THEN 'mid' ELSE 'low' END AS v FROM trades",
        ),
        (
            "text",
            "SELECT lower(sym) || '-' || CAST(qty AS STRING) AS v FROM trades",
        ),
        ("like", "SELECT sym FROM trades WHERE sym LIKE '%7_'"),
        (
            "time",
            "SELECT date_trunc('minute', at) AS v, extract(hour FROM at) AS h FROM trades",
        ),
    ];
    for (name, select) in queries {
        let (mut calc, schema) = operator(select, |spec| matches!(spec, OperatorSpec::Calc(_)));
        let batch = event_batch(0, 1000, &schema);
        group.bench_function(name, |bencher| {
            bencher.iter(|| push(calc.as_mut(), black_box(batch.clone())));
        });
    }
    let (_, schema) = operator(queries[0].1, |spec| matches!(spec, OperatorSpec::Calc(_)));
    let batch = event_batch(0, 1000, &schema);
    group.bench_function("filter and product, by hand", |bencher| {
        bencher.iter(|| filter_by_hand(black_box(batch.rows())));
    });
    group.finish();
}

fn filter_by_hand(rows: &RecordBatch) -> (StringArray, Float64Array) {
    let column = |name| rows.column_by_name(name).unwrap();
    let symbols = column("sym").as_string::<i32>();
    let prices = column("px").as_primitive::<Float64Type>().values();
    let quantities = column("qty").as_primitive::<Int64Type>().values();
    let kept = || (0..rows.num_rows()).filter(|row| prices[*row] > 500.0);
    (
        StringArray::from_iter_values(kept().map(|row| symbols.value(row))),
        Float64Array::from_iter_values(kept().map(|row| prices[row] * quantities[row] as f64)),
    )
}

fn window_aggregation<M: Measurement>(criterion: &mut Criterion<M>) {
    let mut group = criterion.benchmark_group("window");
    group.throughput(Throughput::Elements(BATCH_ROWS as u64));
    let windows = [
        ("tumble", "TUMBLE(at, INTERVAL '10' SECOND)"),
        ("hop", "HOP(at, INTERVAL '1' SECOND, INTERVAL '10' SECOND)"),
        ("session", "SESSION(at, INTERVAL '1' SECOND)"),
    ];
    for (name, window) in windows {
        for keys in [1000, 100_000] {
            let select = format!(
                "SELECT sym, count(*) AS n, avg(px) AS mean, max(px) AS top FROM trades GROUP BY sym, {window}"
            );
            let is_window = |spec: &OperatorSpec| matches!(spec, OperatorSpec::WindowAggregate(_));
            let (mut window, schema) = operator(&select, is_window);
            let mut batch = 0;
            group.bench_function(BenchmarkId::new(name, format!("{keys} keys")), |bencher| {
                bencher.iter_batched(
                    || {
                        batch += 1;
                        event_batch(batch, keys, &schema)
                    },
                    |batch| push(window.as_mut(), batch),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    let mut batch = 0;
    let mut groups: HashMap<String, (u64, f64, f64)> = HashMap::new();
    let select = "SELECT sym, max(px) AS top FROM TUMBLE(trades, at, INTERVAL '10' SECOND)
                  GROUP BY sym, window_start, window_end";
    let (_, schema) = operator(select, |spec| matches!(spec, OperatorSpec::WindowAggregate(_)));
    group.bench_function("tumble/1000 keys, by hand", |bencher| {
        bencher.iter_batched(
            || {
                batch += 1;
                event_batch(batch, 1000, &schema)
            },
            |batch| tumble_by_hand(batch.rows(), &mut groups),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn tumble_by_hand(rows: &RecordBatch, groups: &mut HashMap<String, (u64, f64, f64)>) {
    let column = |name| rows.column_by_name(name).unwrap();
    let symbols = column("sym").as_string::<i32>();
    let prices = column("px").as_primitive::<Float64Type>().values();
    for (row, price) in prices.iter().enumerate() {
        let symbol = symbols.value(row);
        let group = match groups.get_mut(symbol) {
            Some(group) => group,
            None => groups.entry(symbol.to_owned()).or_default(),
        };
        *group = (group.0 + 1, group.1 + price, group.2.max(*price));
    }
}

fn exchange<M: Measurement>(criterion: &mut Criterion<M>) {
    const BATCHES: usize = 100;
    let mut group = criterion.benchmark_group("exchange");
    group.throughput(Throughput::Elements((BATCHES * BATCH_ROWS) as u64));
    group.sample_size(10);
    let select = "SELECT sym, count(*) AS n, max(px) AS top FROM TUMBLE(trades, at, INTERVAL '10' SECOND)
                  GROUP BY sym, window_start, window_end";
    for parallelism in [1, 2, 4] {
        let subtasks = format!("{parallelism} subtasks");
        group.bench_function(BenchmarkId::new("by key", subtasks), |bencher| {
            bencher.iter_batched(
                || {
                    let config = RuntimeConfig {
                        parallelism,
                        registry: built_in_registry(),
                        ..RuntimeConfig::default()
                    };
                    let runtime = Runtime::new(plan(select), config).unwrap();
                    let schema = Arc::clone(runtime.input("trades").unwrap().schema());
                    let batches: Vec<RecordBatch> =
                        (0..BATCHES).map(|batch| rows(batch, 1000, &schema)).collect();
                    (runtime, batches)
                },
                |(runtime, batches)| {
                    let input = runtime.input("trades").unwrap().clone();
                    let running = runtime.start().unwrap();
                    for batch in batches {
                        input.send_batch(batch).unwrap();
                    }
                    running.finish();
                    running.wait().unwrap()
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = engine;
    config = Criterion::default().with_measurement(CpuTime);
    targets = expressions, window_aggregation, exchange
}
criterion_main!(engine);
