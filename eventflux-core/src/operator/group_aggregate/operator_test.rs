use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::*;
use crate::plan::{AggregateCall, AggregateFunction, ErrorPolicy, StateTtl};
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
        state_ttl: None,
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

fn with_ttl(keys: Vec<usize>, output: &str, repeats_results: bool) -> OperatorHarness {
    let calls = vec![
        call(AggregateFunction::Count, None),
        call(AggregateFunction::Max, Some(1)),
    ];
    let spec = GroupAggregateSpec {
        keys,
        calls,
        state_ttl: Some(StateTtl {
            ttl_us: 100,
            repeats_results,
        }),
        error_policy: ErrorPolicy::Fail,
    };
    OperatorHarness::new(
        GroupAggregate::new(&spec, &schema(INPUT), true, &schema(output), context()).unwrap(),
    )
}

const TOTALS: &str = "key text, count bigint, max bigint";

#[test]
fn a_group_that_was_not_written_for_longer_than_the_ttl_begins_anew() {
    let rows = "A 5 true @0
         B 1 true @50
         A 6 true @100
         B 2 true @151
         A 7 true @200
         A 1 true @301";
    let expected = "+I A 1 5
         +I B 1 1
         -U A 1 5
         +U A 2 6
         +I B 1 2
         -U A 2 6
         +U A 3 7
         +I A 1 1";
    assert_table(
        &with_ttl(vec![0], TOTALS, false).run(&schema(INPUT), rows),
        expected,
    );
    // However the rows are cut into batches, and whenever what is over is dropped.
    let mut one_by_one = with_ttl(vec![0], TOTALS, false);
    let mut output = String::new();
    for row in rows.lines() {
        output += &one_by_one.run(&schema(INPUT), row);
        output += "\n";
    }
    assert_table(&output, expected);
    let mut dropped = with_ttl(vec![0], TOTALS, false);
    let mut output = String::new();
    for (row, watermark) in rows.lines().zip([0, 50, 100, 151, 200, 301]) {
        dropped.run(&schema(INPUT), &format!("watermark {watermark}"));
        output += &dropped.run(&schema(INPUT), row);
        output += "\n";
    }
    assert_table(&output, expected);
}

#[test]
fn what_an_expired_group_had_cannot_be_taken_back() {
    let mut groups = with_ttl(vec![0], TOTALS, false);
    let output = groups.run(
        &schema(INPUT),
        "+I A 5 true @0
         -D A 5 true @150
         +I A 9 true @160
         -D A 9 true @161
         +I A 2 true @300",
    );
    assert_table(&output, "+I A 1 5\n +I A 1 9\n -D A 1 9\n +I A 1 2");
}

#[test]
fn a_late_row_counts_as_one_at_the_watermark() {
    let mut groups = with_ttl(vec![0], TOTALS, false);
    let output = groups.run(
        &schema(INPUT),
        "A 1 true @0\n watermark 90\n A 2 true @10\n watermark 185\n A 3 true @20\n watermark 300\n A 4 true @30\n A 5 true @40",
    );
    assert_table(
        &output,
        "+I A 1 1\n watermark 90\n -U A 1 1\n +U A 2 2\n watermark 185\n -U A 2 2\n +U A 3 3
         watermark 300\n +I A 1 4\n -U A 1 4\n +U A 2 5",
    );
}

#[test]
fn without_keys_the_one_group_begins_anew_too_and_the_end_forgets_nothing() {
    let mut global = with_ttl(vec![], "count bigint, max bigint", false);
    let output = global.run(
        &schema(INPUT),
        "A 5 true @0\n A 3 true @100\n watermark 100\n A 1 true @201\n watermark 500\n -D A 1 true @500\n watermark max",
    );
    assert_table(
        &output,
        "+I 1 5\n -U 1 5\n +U 2 5\n watermark 100\n +I 1 1\n watermark 500\n watermark max",
    );
}

#[test]
fn an_unchanged_result_is_repeated_for_those_that_would_forget_it() {
    let calls = || "A 5 true @0\n A 5 true @1";
    let distinct = |repeats_results| {
        let spec = GroupAggregateSpec {
            keys: vec![0],
            calls: vec![],
            state_ttl: Some(StateTtl {
                ttl_us: 100,
                repeats_results,
            }),
            error_policy: ErrorPolicy::Fail,
        };
        let operator = GroupAggregate::new(&spec, &schema(INPUT), true, &schema("key text"), context());
        OperatorHarness::new(operator.unwrap()).run(&schema(INPUT), calls())
    };
    assert_table(&distinct(false), "+I A");
    assert_table(&distinct(true), "+I A\n -U A\n +U A");
}

#[test]
fn state_of_ever_new_keys_stays_bounded() {
    let mut groups = with_ttl(vec![0], TOTALS, false);
    let mut delta = MemoryDelta::default();
    let mut sizes = Vec::new();
    for round in 0..40_i64 {
        let from = round * 50;
        let rows = (0..500).map(|key| format!("k{round}x{key} 1 true @{}\n", from + key % 50));
        groups.run(&schema(INPUT), &rows.collect::<String>());
        groups.run(&schema(INPUT), &format!("watermark {}", from + 49));
        groups.snapshot(&mut delta);
        sizes.push(groups.operator.state_bytes());
    }
    // A window of the ttl has 1 000 keys, and what is about to be dropped; 20 000 came.
    assert!(sizes[39] <= sizes[10], "{sizes:?}");
    let mut restored = with_ttl(vec![0], TOTALS, false);
    restored.go_on(&delta);
    let kept = delta.reader(|_| true);
    assert!(stored_rows(kept) <= 2_000);
    // What was dropped begins anew, what was kept goes on.
    let output = restored.run(&schema(INPUT), "k2x0 7 true @2000\n k39x49 7 true @2000");
    assert_table(&output, "+I k2x0 1 7\n -U k39x49 1 1\n +U k39x49 2 7");
}

fn stored_rows(mut state: impl StateReader) -> usize {
    let mut rows = std::collections::BTreeMap::new();
    while let Some(row) = state.next_row().unwrap() {
        rows.insert((row.table, row.key.to_vec()), row.value.is_some());
    }
    rows.values().filter(|is_there| **is_there).count()
}

#[test]
fn last_writes_are_restored_at_any_parallelism() {
    let mut groups = with_ttl(vec![0], TOTALS, false);
    groups.run(
        &schema(INPUT),
        "A 1 true @0\n B 1 true @60\n C 1 true @60\n watermark 60",
    );
    let mut delta = MemoryDelta::default();
    groups.snapshot(&mut delta);
    let rows = "A 2 true @101\n B 2 true @160\n C 2 true @161";
    let mut output = String::new();
    for subtask in 0..2 {
        let mut part = with_ttl(vec![0], TOTALS, false);
        part.restore(&delta, |key_group| u32::from(key_group) % 2 == subtask);
        for row in rows.lines() {
            let key = row.split_whitespace().next().unwrap();
            let key_group = key_group_of(key);
            if key_group % 2 == subtask {
                output += &part.run(&schema(INPUT), row);
                output += "\n";
            }
        }
    }
    let mut lines = output.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>();
    lines.sort_by_key(|line| line.split_whitespace().nth(1));
    assert_table(&lines.join("\n"), "+I A 1 2\n -U B 1 1\n +U B 2 2\n +I C 1 2");
}

fn key_group_of(key: &str) -> u32 {
    let mut bytes = crate::key::KeyBytes::default();
    let column: ArrayRef = Arc::new(arrow::array::StringArray::from(vec![key]));
    bytes.fill_columns(&[column], 1).unwrap();
    let hash = crate::key::hash_bytes(bytes.row(0));
    u32::from(crate::key::key_group(hash, context().key_groups))
}
