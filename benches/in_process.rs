//! Columns that are already in memory through a whole run: what the engine itself costs per row.
//!
//! Prints `{"in-process filter": core-µs per row, "in-process tumbling": …}`, medians of five runs. CPU time is that of the
//! whole process, sender included.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement may panic and has to print"
)]

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use eventflux::built_in_registry;
use eventflux::runtime::{Runtime, RuntimeConfig};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::{CompileContext, compile};

const BATCH_ROWS: usize = 4096;
const BATCHES: usize = 2000;
const KEYS: usize = 1000;
const RUNS: usize = 5;

const STREAM: &str =
    "CREATE STREAM trades (at TIMESTAMP, sym STRING, px DOUBLE, qty BIGINT, WATERMARK FOR at AS at);\n";
const FILTER: &str = "CREATE STREAM out (sym STRING, v DOUBLE) WITH ('connector' = 'blackhole');
INSERT INTO out SELECT sym, px * qty AS v FROM trades WHERE px > 500;";
const TUMBLING: &str =
    "CREATE STREAM out (sym STRING, n BIGINT, mean DOUBLE, top DOUBLE) WITH ('connector' = 'blackhole');
INSERT INTO out SELECT sym, count(*), avg(px), max(px) FROM TUMBLE(trades, at, INTERVAL '10' SECOND)
GROUP BY sym, window_start, window_end;";

fn main() {
    let filter = median(FILTER);
    let tumbling = median(TUMBLING);
    println!("{{\"in-process filter\": {filter:.4}, \"in-process tumbling\": {tumbling:.4}}}");
}

fn median(query: &str) -> f64 {
    let mut costs: Vec<f64> = (0..RUNS).map(|_| core_us_per_row(query)).collect();
    costs.sort_by(f64::total_cmp);
    costs[RUNS / 2]
}

fn core_us_per_row(query: &str) -> f64 {
    let source = SourceText::new("bench.sql", format!("{STREAM}{query}"));
    let context = CompileContext {
        registry: built_in_registry(),
        ..CompileContext::default()
    };
    let app = compile(&source, &context).unwrap();
    let config = RuntimeConfig {
        registry: built_in_registry(),
        ..RuntimeConfig::default()
    };
    let runtime = Runtime::new(app.plan, config).unwrap();
    let input = runtime.input("trades").unwrap().clone();
    // Only the columns that the query reads are asked for. Times go on from batch to batch: nothing is late.
    let batches: Vec<RecordBatch> = (0..BATCHES).map(|batch| rows(batch, input.schema())).collect();
    let running = runtime.start().unwrap();
    let before = cpu_seconds();
    for batch in batches {
        input.send_batch(batch).unwrap();
    }
    running.finish();
    running.wait().unwrap();
    (cpu_seconds() - before) * 1e6 / (BATCHES * BATCH_ROWS) as f64
}

fn rows(batch: usize, schema: &arrow::datatypes::SchemaRef) -> RecordBatch {
    let numbers =
        || (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).map(|row| row.wrapping_mul(2_654_435_761) >> 7);
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "at" => Arc::new(TimestampMicrosecondArray::from_iter_values(
                (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS)
                    .map(|row| 1_700_000_000_000_000 + row as i64 * 1000),
            )),
            "sym" => Arc::new(StringArray::from_iter_values(
                numbers().map(|n| format!("SYM{:04}", n % KEYS)),
            )),
            "px" => Arc::new(Float64Array::from_iter_values(
                numbers().map(|n| (n % 100_000) as f64 / 100.0),
            )),
            _ => Arc::new(Int64Array::from_iter_values(numbers().map(|n| (n % 1000) as i64))),
        }
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
}

/// User and system time of this process, in steps of a hundredth of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name in parentheses may hold blanks; the fields behind it start with the third.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
