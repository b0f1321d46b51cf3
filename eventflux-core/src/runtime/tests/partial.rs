//! Windows behind an exchange: rows are added up before they go through it.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::util::display::array_value_to_string;

use super::*;
use crate::plan::{
    AggregateCall, AggregateFunction, ErrorPolicy, Exchange, Parallelism, Port, WindowAggregateSpec,
    WindowSpec, WindowTime,
};
use crate::runtime::testing::{PlanBuilder, pass, rows};

const ROWS: i64 = 20_000;

/// count(*) and sum(v) per k and window of 1 ms.
fn spec() -> WindowAggregateSpec {
    let call = |function, arguments: &[usize]| AggregateCall {
        function,
        arguments: arguments.to_vec(),
        argument_types: arguments.iter().map(|_| DataType::Int64).collect(),
        parameters: vec![],
        distinct: false,
        filter: None,
        order_by: vec![],
        output: Arc::new(Field::new("result", DataType::Int64, true)),
    };
    WindowAggregateSpec {
        window: WindowTime::Assign(WindowSpec::Tumble {
            size_us: 1_000,
            offset_us: 0,
        }),
        keys: vec![1],
        calls: vec![
            call(AggregateFunction::Count, &[]),
            call(AggregateFunction::Sum, &[2]),
        ],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::Fail,
    }
}

/// in -> by k: windows -> out, and late rows -> late.
fn windows(reads_late_rows: bool) -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let input = plan.input("in");
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let numbers = ["k", "count", "sum"].map(|name| Field::new(name, DataType::Int64, true));
    let times =
        ["window_start", "window_end", "window_time"].map(|name| Field::new(name, time.clone(), false));
    let schema = Arc::new(Schema::new(numbers.into_iter().chain(times).collect::<Vec<_>>()));
    let spec = OperatorSpec::WindowAggregate(spec());
    let windows = plan.node("windows", spec, Arc::clone(&schema), Parallelism::Any);
    let out = plan.outlet_of("out", schema);
    plan.edge(input, windows, 0, Exchange::Hash(vec![1]));
    plan.chain(&[windows, out]);
    if reads_late_rows {
        let late = plan.outlet("late");
        plan.port_edge(windows, Port::Late, late, 0, Exchange::Forward);
    }
    plan.build()
}

/// The results as text, in order, and how many rows the windows were given.
fn run(parallelism: usize, reads_late_rows: bool) -> (Vec<String>, u64) {
    let runtime = runtime(windows(reads_late_rows), wide(parallelism), |_, _| pass());
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    let all: Vec<_> = (0..ROWS).map(|n| (n, n % 7, n)).collect();
    for batch in all.chunks(700) {
        running.input("in").unwrap().send_batch(rows(batch)).unwrap();
    }
    running.finish();
    let metrics = running.wait().unwrap().metrics;
    let given = metrics
        .operators
        .iter()
        .filter(|operator| operator.name == "windows");
    let mut lines = Vec::new();
    for batch in kept.0.lock().unwrap().iter() {
        for row in 0..batch.num_rows() {
            let cell = |column: &arrow::array::ArrayRef| array_value_to_string(column, row).unwrap();
            lines.push(
                batch
                    .rows()
                    .columns()
                    .iter()
                    .map(cell)
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
    }
    lines.sort();
    (lines, given.map(|operator| operator.rows_in).sum())
}

#[test]
fn a_row_per_key_and_window_goes_through_the_exchange_and_results_are_the_same() {
    let (expected, given) = run(1, false);
    assert_eq!(given, ROWS as u64);
    assert_eq!(expected.len(), 20 * 7);
    let (results, given) = run(3, false);
    assert_eq!(results, expected);
    assert_eq!(given, 20 * 7);
}

#[test]
fn rows_go_through_the_exchange_where_late_ones_are_read() {
    let (expected, _) = run(1, true);
    let (results, given) = run(3, true);
    assert_eq!(results, expected);
    assert_eq!(given, ROWS as u64);
}
