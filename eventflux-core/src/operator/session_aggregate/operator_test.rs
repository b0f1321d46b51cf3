use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::*;
use crate::plan::{AggregateCall, AggregateFunction, ErrorPolicy};
use crate::testing::{OperatorHarness, assert_table, context, schema};

const INPUT: &str = "key text, n bigint";

fn sessions(gap_us: i64, allowed_lateness_us: i64) -> OperatorHarness {
    let call = |function, argument: Option<usize>| AggregateCall {
        function,
        arguments: argument.into_iter().collect(),
        argument_types: argument.map(|_| DataType::Int64).into_iter().collect(),
        parameters: vec![],
        distinct: false,
        filter: None,
        order_by: vec![],
        output: Arc::new(Field::new("result", DataType::Int64, true)),
    };
    let spec = WindowAggregateSpec {
        window: WindowTime::Assign(WindowSpec::Session { gap_us }),
        keys: vec![0],
        calls: vec![
            call(AggregateFunction::Count, None),
            call(AggregateFunction::Sum, Some(1)),
        ],
        allowed_lateness_us,
        error_policy: ErrorPolicy::Fail,
    };
    let output = schema(
        "key text, count bigint, sum bigint, \
         window_start timestamp, window_end timestamp, window_time timestamp",
    );
    OperatorHarness::new(SessionAggregate::new(&spec, &schema(INPUT), &output, context()).unwrap())
}

#[test]
fn rows_a_gap_apart_are_two_sessions() {
    let output = sessions(5, 0).run(
        &schema(INPUT),
        "A 1 @10
         B 1 @10
         A 2 @14
         A 4 @19
         watermark 18
         watermark 19
         watermark max",
    );
    assert_table(
        &output,
        "+I B 1 1 10 15 14
         watermark 18
         +I A 2 3 10 19 18
         watermark 19
         +I A 1 4 19 24 23
         watermark max",
    );
}

#[test]
fn a_row_between_two_sessions_makes_them_one() {
    let output = sessions(5, 0).run(
        &schema(INPUT),
        "A 1 @20
         A 2 @10
         A 3 @12
         B 7 @30
         watermark 13
         A 4 @16
         A 5 @1
         watermark max",
    );
    assert_table(
        &output,
        "watermark 13\n +I A 4 10 10 25 24\n +I B 1 7 30 35 34\n watermark max",
    );
}

#[test]
fn sessions_joined_within_a_batch_count_every_row_once() {
    let output = sessions(5, 0).run(
        &schema(INPUT),
        "A 1 @0
         A 2 @20
         A 3 @8
         A 4 @12
         A 5 @16
         A 6 @4
         A 7 @21
         watermark max",
    );
    assert_table(&output, "+I A 7 28 0 26 25\n watermark max");
}

#[test]
fn a_row_is_late_unless_an_open_session_takes_it() {
    let mut sessions = sessions(5, 0);
    let output = sessions.run(
        &schema(INPUT),
        "A 1 @10\n watermark 14\n A 2 @8\n B 2 @8\n B 3 @9\n watermark max",
    );
    assert_table(&output, "watermark 14\n +I A 2 3 8 15 14\n watermark max");
    assert_table(&sessions.take_late(), "+I B 2\n +I B 3");
}

#[test]
fn late_rows_within_the_lateness_correct_emitted_sessions() {
    let mut sessions = sessions(5, 10);
    let output = sessions.run(
        &schema(INPUT),
        "A 1 @10
         A 1 @18
         watermark 24
         A 2 @10
         A 3 @11
         A 4 @14
         A 5 @22
         B 6 @10
         C 6 @9
         watermark 27
         watermark max",
    );
    assert_table(
        &output,
        "+I A 1 1 10 15 14
         +I A 1 1 18 23 22
         watermark 24
         -U A 1 1 10 15 14
         +U A 2 3 10 15 14
         -D A 2 3 10 15 14
         +I A 3 6 10 16 15
         -D A 3 6 10 16 15
         -D A 1 1 18 23 22
         +I A 5 11 10 23 22
         -D A 5 11 10 23 22
         +I B 1 6 10 15 14
         +I A 6 16 10 27 26
         watermark 27
         watermark max",
    );
    assert_table(&sessions.take_late(), "+I C 6");
}

#[test]
fn times_at_the_edge_of_timestamps_are_bad_or_right() {
    let mut sessions = sessions(5, 0);
    let output = sessions.run(
        &schema(INPUT),
        "A 1 @9223372036854775803
         A 2 @9223372036854775802
         A 3 @-9223372036854775808
         watermark max",
    );
    assert_table(
        &output,
        "+I A 1 3 -9223372036854775808 -9223372036854775803 -9223372036854775804
         +I A 1 2 9223372036854775802 9223372036854775807 9223372036854775806
         watermark max",
    );
    assert_eq!(
        sessions.take_bad(),
        ["its session is outside the range of timestamps"]
    );
}
