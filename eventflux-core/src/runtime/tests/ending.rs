//! How runs end.

use super::*;
use crate::plan::Parallelism;
use crate::runtime::RunEnd;
use crate::runtime::testing::{PlanBuilder, rows, sums};

/// in -> sums -> out: a window of 100 µs.
fn window() -> Runtime {
    let mut plan = PlanBuilder::new();
    let nodes = [
        plan.input("in"),
        plan.operator("sums", Parallelism::Any),
        plan.outlet("out"),
    ];
    plan.chain(&nodes);
    runtime(plan.build(), wide(1), |_, _| sums())
}

#[test]
fn a_stop_carries_through_what_was_sent_and_leaves_windows_open() {
    let runtime = window();
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(10, 1, 1), (110, 1, 2)]))
        .unwrap();
    running.stop();
    assert_eq!(running.wait().unwrap().end, RunEnd::Stopped);
    assert_eq!(kept.triples(), [(99, 1, 1)]);
}

#[test]
fn the_end_of_the_input_closes_windows() {
    let runtime = window();
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(10, 1, 1), (110, 1, 2)]))
        .unwrap();
    running.input("in").unwrap().end();
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(kept.triples(), [(99, 1, 1), (199, 1, 2)]);
}

#[test]
fn an_abort_ends_a_run_that_waits() {
    let running = window().start().unwrap();
    assert!(!running.is_over());
    running.abort();
    assert_eq!(running.wait().unwrap().end, RunEnd::Aborted);
    assert!(running.is_over());
    assert_eq!(running.wait().unwrap().end, RunEnd::Aborted);
}

#[test]
fn an_abort_frees_a_loop_that_waits_for_a_reader() {
    let runtime = window();
    let _unread = runtime.outlet("out").unwrap().open_stream(1);
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    // Two closed windows: the second result has to wait for the first to be read.
    input
        .send_batch(rows(&[(10, 1, 1), (110, 1, 2), (210, 1, 3)]))
        .unwrap();
    input.send_batch(rows(&[(310, 1, 4)])).unwrap();
    running.abort();
    assert_eq!(running.wait().unwrap().end, RunEnd::Aborted);
}

#[test]
fn a_dropped_reader_frees_the_loop() {
    let runtime = window();
    let unread = runtime.outlet("out").unwrap().open_stream(1);
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    for window in 0..10 {
        input.send_batch(rows(&[(window * 100 + 10, 1, window)])).unwrap();
    }
    drop(unread);
    running.finish();
    running.wait().unwrap();
    assert_eq!(kept.triples().len(), 10);
}

#[test]
fn several_runs_live_beside_each_other() {
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let runtime = window();
            (Kept::of(&runtime, "out"), runtime.start().unwrap())
        })
        .collect();
    for (number, (_, running)) in runs.iter().enumerate() {
        running
            .input("in")
            .unwrap()
            .send_batch(rows(&[(10, 1, number as i64)]))
            .unwrap();
        running.finish();
    }
    for (number, (kept, running)) in runs.iter().enumerate() {
        running.wait().unwrap();
        assert_eq!(kept.triples(), [(99, 1, number as i64)]);
    }
}
