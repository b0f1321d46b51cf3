use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::*;
use crate::plan::{AggregateCall, AggregateFunction, ErrorPolicy};
use crate::state::MemoryDelta;
use crate::testing::{OperatorHarness, assert_table, context, schema};

const INPUT: &str = "key text, n bigint, big boolean";

fn call(function: AggregateFunction, argument: Option<usize>) -> AggregateCall {
    AggregateCall {
        function,
        arguments: argument.into_iter().collect(),
        argument_types: argument.map(|_| DataType::Int64).into_iter().collect(),
        parameters: vec![],
        distinct: false,
        filter: None,
        order_by: vec![],
        output: Arc::new(Field::new("result", DataType::Int64, true)),
    }
}

fn grouped(keys: Vec<usize>, calls: Vec<AggregateCall>, output: &str) -> OperatorHarness {
    let spec = GroupAggregateSpec {
        keys,
        calls,
        error_policy: ErrorPolicy::Fail,
    };
    OperatorHarness::new(
        GroupAggregate::new(&spec, &schema(INPUT), true, &schema(output), context()).unwrap(),
    )
}

fn sum_by_key() -> OperatorHarness {
    let calls = vec![
        call(AggregateFunction::Count, None),
        call(AggregateFunction::Sum, Some(1)),
    ];
    grouped(vec![0], calls, "key text, count bigint, sum bigint")
}

#[test]
fn a_row_updates_the_result_of_its_key() {
    let output = sum_by_key().run(
        &schema(INPUT),
        "A 1 true
         B 5 true
         A 2 true
         A NULL true
         watermark 3",
    );
    assert_table(
        &output,
        "+I A 1 1
         +I B 1 5
         -U A 1 1
         +U A 2 3
         -U A 2 3
         +U A 3 3
         watermark 3",
    );
}

#[test]
fn the_last_row_taken_back_deletes_the_result() {
    let output = sum_by_key().run(
        &schema(INPUT),
        "+I A 1 true
         -D A 1 true
         +I A 4 true
         -U A 4 true
         +U A 6 true",
    );
    assert_table(
        &output,
        "+I A 1 1
         -D A 1 1
         +I A 1 4
         -D A 1 4
         +I A 1 6",
    );
}

#[test]
fn rows_that_take_back_what_is_not_there_are_ignored() {
    let mut groups = sum_by_key();
    let output = groups.run(
        &schema(INPUT),
        "-D A 1 true\n +I B 1 true\n -D B 1 true\n -U B 1 true\n +I A 2 true",
    );
    assert_table(&output, "+I B 1 1\n -D B 1 1\n +I A 1 2");
    assert_table(&groups.run(&schema(INPUT), "-D A 2 true"), "-D A 1 2");
}

#[test]
fn an_unchanged_result_is_not_repeated() {
    let mut max = grouped(
        vec![0],
        vec![call(AggregateFunction::Max, Some(1))],
        "key text, max bigint",
    );
    let output = max.run(&schema(INPUT), "A 5 true\n A 3 true\n A 7 true\n A NULL true");
    assert_table(&output, "+I A 5\n -U A 5\n +U A 7");
}

#[test]
fn a_filter_decides_row_by_row() {
    let mut filtered = call(AggregateFunction::Sum, Some(1));
    filtered.filter = Some(2);
    let calls = vec![filtered, call(AggregateFunction::Count, None)];
    let mut sum = grouped(vec![0], calls, "key text, sum bigint, count bigint");
    let output = sum.run(
        &schema(INPUT),
        "A 5 false\n A 3 true\n B 1 true\n A 2 NULL\n A 4 true",
    );
    assert_table(
        &output,
        "+I A NULL 1
         -U A NULL 1
         +U A 3 2
         +I B 1 1
         -U A 3 2
         +U A 3 3
         -U A 3 3
         +U A 7 4",
    );
}

#[test]
fn without_calls_it_is_distinct() {
    let mut distinct = grouped(vec![0], vec![], "key text");
    let output = distinct.run(
        &schema(INPUT),
        "+I A 1 true\n +I A 2 true\n +I NULL 3 true\n -D A 1 true\n -D A 2 true",
    );
    assert_table(&output, "+I A\n +I NULL\n -D A");
}

#[test]
fn without_keys_there_is_always_one_result() {
    let calls = || {
        vec![
            call(AggregateFunction::Count, None),
            call(AggregateFunction::Sum, Some(1)),
        ]
    };
    let mut global = grouped(vec![], calls(), "count bigint, sum bigint");
    let output = global.run(
        &schema(INPUT),
        "+I A 1 true\n -D A 1 true\n +I A 2 true\n watermark max",
    );
    assert_table(
        &output,
        "+I 1 1
         -U 1 1
         +U 0 NULL
         -U 0 NULL
         +U 1 2
         watermark max",
    );
    let mut empty = grouped(vec![], calls(), "count bigint, sum bigint");
    assert_table(
        &empty.run(&schema(INPUT), "watermark 5\n watermark max"),
        "watermark 5\n +I 0 NULL\n watermark max",
    );
}

#[test]
fn a_result_that_does_not_fit_is_bad_and_takes_the_earlier_one_back() {
    let mut groups = sum_by_key();
    let output = groups.run(
        &schema(INPUT),
        "+I A 9223372036854775807 true
         +I A 1 true
         -D A 1 true",
    );
    assert_table(
        &output,
        "+I A 1 9223372036854775807
         -D A 1 9223372036854775807
         +I A 1 9223372036854775807",
    );
    assert_eq!(
        groups.take_bad(),
        ["sum is 9223372036854775808, which does not fit Int64"]
    );
}

#[test]
fn an_operator_that_goes_on_writes_what_changes_and_takes_out_what_is_gone() {
    let mut groups = sum_by_key();
    groups.run(&schema(INPUT), "+I A 1 true\n +I B 2 true\n +I C 3 true");
    let mut delta = MemoryDelta::default();
    groups.snapshot(&mut delta);
    let written = delta.row_count();
    let mut groups = sum_by_key();
    groups.go_on(&delta);
    groups.snapshot(&mut delta);
    assert_eq!(delta.row_count(), written);
    groups.run(&schema(INPUT), "-D A 1 true\n +I B 5 true");
    groups.snapshot(&mut delta);
    assert_eq!(delta.row_count(), written + 2);
    let mut groups = sum_by_key();
    groups.go_on(&delta);
    let output = groups.run(&schema(INPUT), "+I A 7 true\n +I B 1 true\n +I C 1 true");
    assert_table(
        &output,
        "+I A 1 7
         -U B 2 7
         +U B 3 8
         -U C 1 3
         +U C 2 4",
    );
}
