//! Rows get from inputs to outputs, whole and in order.

use super::*;
use crate::batch::Value;
use crate::plan::{Exchange, Parallelism};
use crate::runtime::RunEnd;
use crate::runtime::testing::{PlanBuilder, pass, rows, schema, source_spec, sums};

/// in -> pass -> out
fn filter_plan() -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let nodes = [
        plan.input("in"),
        plan.operator("pass", Parallelism::Any),
        plan.outlet("out"),
    ];
    plan.chain(&nodes);
    plan.build()
}

/// in -> pass -> by k: sums -> out
fn sums_plan() -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let (input, filter) = (plan.input("in"), plan.operator("pass", Parallelism::Any));
    let (sums, out) = (plan.operator("sums", Parallelism::Any), plan.outlet("out"));
    plan.chain(&[input, filter]);
    plan.edge(filter, sums, 0, Exchange::Hash(vec![1]));
    plan.chain(&[sums, out]);
    plan.build()
}

fn make(name: &str, _: &OperatorContext) -> Box<dyn Operator> {
    match name {
        "sums" => sums(),
        _ => pass(),
    }
}

#[test]
fn rows_of_a_handler_reach_a_callback_in_order() {
    let runtime = runtime(filter_plan(), wide(2), make);
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    for ts in 0..100 {
        input
            .send_row(&[Value::Timestamp(ts), 1.into(), ts.into()])
            .unwrap();
    }
    input.send_batch(rows(&[(100, 1, 100), (101, 1, 101)])).unwrap();
    input
        .send_row(&[Value::Timestamp(102), 1.into(), 102.into()])
        .unwrap();
    running.finish();
    let summary = running.wait().unwrap();
    assert_eq!(kept.triples(), (0..103).map(|ts| (ts, 1, ts)).collect::<Vec<_>>());
    assert_eq!(summary.end, RunEnd::InputEnded);
    assert_eq!(
        (summary.metrics.rows_in(), summary.metrics.rows_out()),
        (103, 103)
    );
    // A chain without an exchange is one loop, whatever the parallelism.
    assert_eq!(summary.metrics.subtasks.len(), 1);
}

/// Out of order by up to 250, keys 0 to 6.
fn disordered() -> Vec<(i64, i64, i64)> {
    (0..5_000i64)
        .map(|n| (n * 3 + (n * 7_919) % 250, n % 7, n))
        .collect()
}

fn run_sums(parallelism: usize, batch_rows: usize) -> Vec<(i64, i64, i64)> {
    let config = RuntimeConfig {
        batch_rows_max: batch_rows,
        ..wide(parallelism)
    };
    let runtime = runtime(sums_plan(), config, make);
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    for batch in disordered().chunks(700) {
        running.input("in").unwrap().send_batch(rows(batch)).unwrap();
    }
    running.finish();
    let summary = running.wait().unwrap();
    assert_eq!(
        summary.metrics.subtasks.len(),
        if parallelism == 1 { 1 } else { parallelism + 2 }
    );
    kept.sorted()
}

#[test]
fn results_do_not_depend_on_parallelism_or_batch_size() {
    let expected = run_sums(1, 1);
    assert_eq!(
        expected.iter().map(|row| row.2).sum::<i64>(),
        (0..5_000).sum::<i64>()
    );
    for (parallelism, batch_rows) in [(1, 4096), (3, 1), (3, 4096), (2, 64)] {
        assert_eq!(
            run_sums(parallelism, batch_rows),
            expected,
            "at {parallelism}, {batch_rows}"
        );
    }
}

#[test]
fn a_stream_read_by_two_queries_gives_both_all_rows() {
    let mut plan = PlanBuilder::new();
    let (input, left, right) = (plan.input("in"), plan.outlet("left"), plan.outlet("right"));
    plan.chain(&[input, left]);
    plan.chain(&[input, right]);
    let runtime = runtime(plan.build(), wide(1), make);
    let (left, right) = (Kept::of(&runtime, "left"), Kept::of(&runtime, "right"));
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(1, 2, 3)]))
        .unwrap();
    running.finish();
    running.wait().unwrap();
    assert_eq!(
        (left.triples(), right.triples()),
        (vec![(1, 2, 3)], vec![(1, 2, 3)])
    );
}

#[test]
fn a_union_gives_the_rows_of_all_inputs_and_the_least_watermark() {
    let mut plan = PlanBuilder::new();
    let (one, two, union) = (plan.input("one"), plan.input("two"), plan.union());
    let (sums, out) = (plan.operator("sums", Parallelism::Any), plan.outlet("out"));
    plan.edge(one, union, 0, Exchange::Forward);
    plan.edge(two, union, 1, Exchange::Forward);
    plan.edge(union, sums, 0, Exchange::Hash(vec![1]));
    plan.chain(&[sums, out]);
    let runtime = runtime(plan.build(), wide(2), make);
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running
        .input("one")
        .unwrap()
        .send_batch(rows(&[(10, 1, 1), (950, 1, 8)]))
        .unwrap();
    running
        .input("two")
        .unwrap()
        .send_batch(rows(&[(20, 1, 2), (150, 1, 4)]))
        .unwrap();
    running.finish();
    running.wait().unwrap();
    assert_eq!(kept.sorted(), [(99, 1, 3), (199, 1, 4), (999, 1, 8)]);
}

#[test]
fn fixed_rows_are_handed_on_once() {
    let mut plan = PlanBuilder::new();
    let values = crate::plan::SourceKind::Values(rows(&[(1, 1, 1), (2, 2, 2), (3, 3, 3)]));
    let nodes = [plan.source(source_spec("values", values)), plan.outlet("out")];
    plan.chain(&nodes);
    let config = RuntimeConfig {
        batch_rows_max: 2,
        ..wide(4)
    };
    let runtime = runtime(plan.build(), config, make);
    let kept = Kept::of(&runtime, "out");
    assert_eq!(runtime.start().unwrap().wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(kept.triples(), [(1, 1, 1), (2, 2, 2), (3, 3, 3)]);
}

#[test]
fn rows_that_do_not_fit_are_refused_and_the_run_goes_on() {
    let runtime = runtime(filter_plan(), wide(1), make);
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    assert_eq!(input.schema(), &schema());
    let refused = input.send_row(&["x".into(), 1.into(), 1.into()]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "columns: column `ts` has type Timestamp(µs), not a string"
    );
    let narrow = rows(&[(1, 1, 1)]).project(&[0]).unwrap();
    let refused = input.send_batch(narrow).unwrap_err();
    assert_eq!(refused.to_string(), "columns: in has 3 columns, the batch has 1");
    input.send_batch(rows(&[(1, 1, 1)])).unwrap();
    running.finish();
    running.wait().unwrap();
    assert_eq!(kept.triples(), [(1, 1, 1)]);
    assert_eq!(
        running
            .input("in")
            .unwrap()
            .send_batch(rows(&[(1, 1, 1)]))
            .unwrap_err()
            .to_string(),
        "the stream has ended"
    );
}

#[tokio::test]
async fn a_run_lives_inside_an_async_runtime() {
    let runtime = runtime(filter_plan(), wide(1), make);
    let mut stream = runtime.outlet("out").unwrap().open_stream(1 << 20);
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch_async(rows(&[(1, 1, 1)]))
        .await
        .unwrap();
    assert_eq!(triples(&stream.next().await), [(1, 1, 1)]);
    running.finish();
    assert_eq!(running.wait_async().await.unwrap().end, RunEnd::InputEnded);
    assert!(stream.next().await.is_none());
    assert!(
        running
            .outlet("out")
            .unwrap()
            .open_stream(1)
            .next()
            .await
            .is_none()
    );
}
