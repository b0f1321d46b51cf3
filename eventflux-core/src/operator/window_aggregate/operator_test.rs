use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::*;
use crate::plan::{AggregateCall, AggregateFunction, ErrorPolicy, WindowSpec, WindowTime};
use crate::testing::{OperatorHarness, assert_table, context, schema};

fn call(function: AggregateFunction, argument: Option<usize>, output: DataType) -> AggregateCall {
    AggregateCall {
        function,
        arguments: argument.into_iter().collect(),
        argument_types: argument.map(|_| DataType::Int64).into_iter().collect(),
        parameters: vec![],
        distinct: false,
        filter: None,
        order_by: vec![],
        output: Arc::new(Field::new("result", output, true)),
    }
}

const INPUT: &str = "key text, n bigint";

/// count, sum and max of n by key.
fn windowed(window: WindowSpec) -> OperatorHarness {
    windowed_by(WindowTime::Assign(window), INPUT)
}

fn windowed_by(window: WindowTime, input: &str) -> OperatorHarness {
    let spec = WindowAggregateSpec {
        window,
        keys: vec![0],
        calls: vec![
            call(AggregateFunction::Count, None, DataType::Int64),
            call(AggregateFunction::Sum, Some(1), DataType::Int64),
            call(AggregateFunction::Max, Some(1), DataType::Int64),
        ],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::Fail,
    };
    let output = schema(
        "key text, count bigint, sum bigint, max bigint, \
         window_start timestamp, window_end timestamp, window_time timestamp",
    );
    OperatorHarness::new(WindowAggregate::new(&spec, &schema(input), true, &output, context()).unwrap())
}

#[test]
fn a_tumbling_window_is_emitted_by_key_when_the_watermark_reaches_its_end() {
    let mut windows = windowed(WindowSpec::Tumble {
        size_us: 10,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "B 1 @3
         A 5 @9
         B 4 @0
         A 7 @10
         NULL 1 @5
         watermark 9
         B NULL @9
         watermark 10
         watermark max",
    );
    assert_table(
        &output,
        "watermark 9
         +I A 1 5 5 0 10 9
         +I B 3 5 4 0 10 9
         +I NULL 1 1 1 0 10 9
         watermark 10
         +I A 1 7 7 10 20 19
         watermark max",
    );
}

#[test]
fn a_hop_puts_windows_together_from_slices() {
    let mut windows = windowed(WindowSpec::Hop {
        slide_us: 4,
        size_us: 10,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "A 1 @0
         A 2 @4
         A 3 @9
         B 9 @11
         watermark max",
    );
    assert_table(
        &output,
        "+I A 1 1 1 -8 2 1
         +I A 2 3 2 -4 6 5
         +I A 3 6 3 0 10 9
         +I A 2 5 3 4 14 13
         +I B 1 9 9 4 14 13
         +I A 1 3 3 8 18 17
         +I B 1 9 9 8 18 17
         watermark max",
    );
}

#[test]
fn cumulating_windows_grow() {
    let mut windows = windowed(WindowSpec::Cumulate {
        step_us: 2,
        size_us: 6,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "A 1 @0\n A 2 @3\n A 3 @6\n watermark 7\n watermark max",
    );
    assert_table(
        &output,
        "+I A 1 1 1 0 2 1
         +I A 2 3 2 0 4 3
         +I A 2 3 2 0 6 5
         watermark 7
         +I A 1 3 3 6 8 7
         +I A 1 3 3 6 10 9
         +I A 1 3 3 6 12 11
         watermark max",
    );
}

#[test]
fn late_rows_go_to_the_side_output() {
    let mut windows = windowed(WindowSpec::Hop {
        slide_us: 5,
        size_us: 10,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "A 1 @7
         watermark 10
         A 2 @4
         A 3 @8
         watermark max",
    );
    // The row at 8 comes too late for [0, 10), but not for [5, 15).
    assert_table(
        &output,
        "+I A 1 1 1 0 10 9
         watermark 10
         +I A 2 4 3 5 15 14
         watermark max",
    );
    assert_table(&windows.take_late(), "+I A 2");
}

#[test]
fn rows_taken_back_leave_no_trace() {
    let mut windows = windowed(WindowSpec::Tumble {
        size_us: 10,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "+I A 5 @1
         +I B 2 @2
         +I A 9 @3
         -U B 2 @2
         -D A 9 @3
         watermark 10",
    );
    assert_table(&output, "+I A 1 5 5 0 10 9\n watermark 10");
}

#[test]
fn times_before_the_epoch_have_windows_too() {
    let mut windows = windowed(WindowSpec::Tumble {
        size_us: 10,
        offset_us: 3,
    });
    let output = windows.run(&schema(INPUT), "A 1 @-8\n A 2 @-7\n watermark max");
    assert_table(
        &output,
        "+I A 1 1 1 -17 -7 -8\n +I A 1 2 2 -7 3 2\n watermark max",
    );
}

#[test]
fn a_row_without_a_representable_window_is_bad() {
    let mut windows = windowed(WindowSpec::Tumble {
        size_us: 10,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "A 1 @9223372036854775806\n A 2 @5\n watermark max",
    );
    assert_table(&output, "+I A 1 2 2 0 10 9\n watermark max");
    assert_eq!(
        windows.take_bad(),
        ["its window is outside the range of timestamps"]
    );
}

#[test]
fn attached_windows_close_at_their_own_end() {
    let input = "key text, n bigint, window_start timestamp, window_end timestamp";
    let mut windows = windowed_by(WindowTime::Attached { start: 2, end: 3 }, input);
    let output = windows.run(
        &schema(input),
        "A 1 0 10 @3
         A 2 4 10 @4
         B 7 0 5 @1
         A 3 0 10 @9
         A 4 NULL 10 @9
         watermark 5
         watermark 10
         B 1 0 10 @3",
    );
    assert_table(
        &output,
        "+I B 1 7 7 0 5 4
         watermark 5
         +I A 2 4 3 0 10 9
         +I A 1 2 2 4 10 9
         watermark 10",
    );
    assert_eq!(windows.take_bad(), ["its window is NULL"]);
    assert_table(&windows.take_late(), "+I B 1 0 10");
}

#[test]
fn a_sum_that_does_not_fit_is_a_bad_row() {
    let mut windows = windowed(WindowSpec::Tumble {
        size_us: 10,
        offset_us: 0,
    });
    let output = windows.run(
        &schema(INPUT),
        "A 9223372036854775807 @1
         A 1 @1
         B 1 @1
         watermark max",
    );
    assert_table(&output, "+I B 1 1 1 0 10 9\n watermark max");
    let (bad, time) = &windows.side.bad[0];
    assert_eq!(bad.reason, "sum is 9223372036854775808, which does not fit Int64");
    assert!(
        bad.raw.starts_with(br#"{"key":"A","count":2,"sum":null"#),
        "{:?}",
        bad.raw
    );
    assert_eq!(*time, 9);
}

fn with_lateness(window: WindowSpec, allowed_lateness_us: i64) -> OperatorHarness {
    let spec = WindowAggregateSpec {
        window: WindowTime::Assign(window),
        keys: vec![0],
        calls: vec![
            call(AggregateFunction::Count, None, DataType::Int64),
            call(AggregateFunction::Max, Some(1), DataType::Int64),
        ],
        allowed_lateness_us,
        error_policy: ErrorPolicy::Fail,
    };
    let output = schema(
        "key text, count bigint, max bigint, \
         window_start timestamp, window_end timestamp, window_time timestamp",
    );
    OperatorHarness::new(WindowAggregate::new(&spec, &schema(INPUT), true, &output, context()).unwrap())
}

#[test]
fn late_rows_correct_a_window_until_the_lateness_is_over() {
    let mut windows = with_lateness(
        WindowSpec::Tumble {
            size_us: 10,
            offset_us: 0,
        },
        5,
    );
    let output = windows.run(
        &schema(INPUT),
        "A 5 @1
         watermark 12
         A 3 @2
         B 1 @3
         A 9 @11
         -D A 5 @1
         -D B 1 @3
         watermark 14
         A 4 @9
         watermark 15
         A 8 @9
         watermark max",
    );
    assert_table(
        &output,
        "+I A 1 5 0 10 9
         watermark 12
         -U A 1 5 0 10 9
         +U A 2 5 0 10 9
         +I B 1 1 0 10 9
         -U A 2 5 0 10 9
         +U A 1 3 0 10 9
         -D B 1 1 0 10 9
         watermark 14
         -U A 1 3 0 10 9
         +U A 2 4 0 10 9
         watermark 15
         +I A 1 9 10 20 19
         watermark max",
    );
    assert_table(&windows.take_late(), "+I A 8");
}

#[test]
fn a_late_row_corrects_each_emitted_window_and_counts_in_the_open_ones() {
    let mut windows = with_lateness(
        WindowSpec::Hop {
            slide_us: 4,
            size_us: 12,
            offset_us: 0,
        },
        4,
    );
    let output = windows.run(
        &schema(INPUT),
        "A 1 @9
         watermark 16
         A 7 @10
         watermark max",
    );
    // [0, 12) is closed for good at 16, [4, 16) is corrected, [8, 20) is open.
    assert_table(
        &output,
        "+I A 1 1 0 12 11
         +I A 1 1 4 16 15
         watermark 16
         -U A 1 1 4 16 15
         +U A 2 7 4 16 15
         +I A 2 7 8 20 19
         watermark max",
    );
}
