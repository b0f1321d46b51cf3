//! Stepped runs of whole plans.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use proptest::prelude::*;

use super::{Emission, Stepper};
use crate::batch::Value;
use crate::connector::OptionText;
use crate::operator::BadRow;
use crate::plan::{
    AggregateCall, AggregateFunction, ChangelogMode, Exchange, GroupAggregateSpec, OperatorSpec, Parallelism,
    PhysicalPlan, SinkSpec, SourceKind, SourceSpec, WindowAggregateSpec, WindowSpec, WindowTime,
};
use crate::runtime::RuntimeConfig;
use crate::runtime::testing::{PlanBuilder, rows, schema, source_spec};

const START_US: i64 = 1_000_000;

fn stepper(plan: &PhysicalPlan, parallelism: usize, batch_rows_max: usize) -> Stepper {
    let config = RuntimeConfig {
        parallelism,
        batch_rows_max,
        ..RuntimeConfig::default()
    };
    Stepper::new(plan, &config, START_US).unwrap()
}

/// Each emitted row as `stream op @time values`.
fn lines(emissions: &[Emission]) -> Vec<String> {
    let mut lines = Vec::new();
    for Emission { stream, batch } in emissions {
        for row in 0..batch.num_rows() {
            let values = batch.rows().columns().iter().map(|column| {
                match Value::read(column.as_ref(), row).unwrap() {
                    Value::Int(number) | Value::Timestamp(number) => number.to_string(),
                    other => format!("{other:?}"),
                }
            });
            let (op, time, values) = (
                batch.kind(row).symbol(),
                batch.event_time()[row],
                values.collect::<Vec<_>>(),
            );
            lines.push(format!("{stream} {op} @{time} {}", values.join(" ")));
        }
    }
    lines
}

fn call(function: AggregateFunction, argument: usize, name: &str) -> AggregateCall {
    AggregateCall {
        function,
        arguments: vec![argument],
        argument_types: vec![DataType::Int64],
        parameters: Vec::new(),
        distinct: false,
        filter: None,
        order_by: Vec::new(),
        output: Arc::new(Field::new(name, DataType::Int64, true)),
    }
}

fn columns(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

fn window_spec() -> WindowAggregateSpec {
    WindowAggregateSpec {
        window: WindowTime::Assign(WindowSpec::Tumble {
            size_us: 100,
            offset_us: 0,
        }),
        keys: vec![1],
        calls: vec![call(AggregateFunction::Max, 2, "largest")],
        allowed_lateness_us: 0,
        error_policy: crate::plan::ErrorPolicy::Fail,
    }
}

fn window_schema() -> SchemaRef {
    let (k, largest) = (("k", DataType::Int64), ("largest", DataType::Int64));
    columns(&[
        k,
        largest,
        ("window_start", timestamp()),
        ("window_end", timestamp()),
        ("window_time", timestamp()),
    ])
}

/// The largest `v` per `k` in windows of 100 µs; of these, per window, the smallest and the largest so far.
fn two_stages() -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let input = plan.input("in");
    let windows = plan.node(
        "windows",
        OperatorSpec::WindowAggregate(window_spec()),
        window_schema(),
        Parallelism::Any,
    );
    let calls = vec![
        call(AggregateFunction::Min, 1, "smallest"),
        call(AggregateFunction::Max, 1, "largest"),
    ];
    let group = GroupAggregateSpec {
        keys: vec![2],
        calls,
        state_ttl: None,
        error_policy: crate::plan::ErrorPolicy::Fail,
    };
    let totals = columns(&[
        ("start", timestamp()),
        ("smallest", DataType::Int64),
        ("largest", DataType::Int64),
    ]);
    let group = plan.node(
        "totals",
        OperatorSpec::GroupAggregate(group),
        Arc::clone(&totals),
        Parallelism::Any,
    );
    plan.set_changelog(
        group,
        ChangelogMode::Changelog {
            unique_key: Some(vec![0]),
        },
    );
    let (out, per_key) = (
        plan.outlet_of("totals", totals),
        plan.outlet_of("per key", window_schema()),
    );
    plan.edge(input, windows, 0, Exchange::Hash(vec![1]));
    plan.edge(windows, group, 0, Exchange::Hash(vec![2]));
    plan.chain(&[group, out]);
    plan.chain(&[windows, per_key]);
    plan.build()
}

fn replay(fed: &[(i64, i64, i64)], parallelism: usize, batch_rows_max: usize, at_once: usize) -> Vec<String> {
    let mut stepper = stepper(&two_stages(), parallelism, batch_rows_max);
    let mut emissions = Vec::new();
    for piece in fed.chunks(at_once) {
        stepper.feed("in", START_US, &rows(piece), &[]).unwrap();
        emissions.extend(stepper.take());
    }
    stepper.end_input().unwrap();
    emissions.extend(stepper.take());
    lines(&emissions)
}

#[test]
fn a_round_ends_at_the_same_watermarks_for_all_senders() {
    // One subtask gets two watermarks in a row, another has a row between them.
    let fed = [(85, 6, 0), (0, 0, 1), (100, 0, 0)];
    assert_eq!(replay(&fed, 2, 4096, 3), replay(&fed, 1, 4096, 3));
}

#[test]
fn windows_close_step_by_step_and_in_order() {
    let fed = [(10, 2, 7), (20, 1, 5), (130, 1, 1), (90, 1, 9), (210, 3, 3)];
    assert_eq!(
        replay(&fed, 2, 4096, 1),
        [
            "per key +I @99 1 5 0 100 99",
            "per key +I @99 2 7 0 100 99",
            "totals +I @99 0 5 5",
            "totals -U @99 0 5 5",
            "totals +U @99 0 5 7",
            // 90 is late.
            "per key +I @199 1 1 100 200 199",
            "totals +I @199 100 1 1",
            "per key +I @299 3 3 200 300 299",
            "totals +I @299 200 3 3",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_emitted_is_the_same_at_every_parallelism_and_batch_size(
        fed in prop::collection::vec((0i64..500, 0i64..9, 0i64..50), 1..60),
        at_once in 1usize..7,
    ) {
        let expected = replay(&fed, 1, 4096, at_once);
        for (parallelism, batch_rows_max) in [(1, 1), (2, 4096), (3, 2), (5, 4096)] {
            prop_assert_eq!(&replay(&fed, parallelism, batch_rows_max, at_once), &expected);
        }
    }
}

/// A stream of a connector without event time, windows of 100 µs, a sink of a connector.
fn arrival() -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let options = vec![("brokers".to_owned(), OptionText::literal("nowhere"))];
    let kind = SourceKind::Connector {
        connector: "kafka".into(),
        options: options.clone(),
    };
    let input = plan.source(SourceSpec {
        event_time: None,
        ..source_spec("in", kind)
    });
    let windows = plan.node(
        "windows",
        OperatorSpec::WindowAggregate(window_spec()),
        window_schema(),
        Parallelism::Any,
    );
    let sink = SinkSpec {
        stream: "out".into(),
        connector: "kafka".into(),
        options,
        schema: window_schema(),
        key: Vec::new(),
    };
    let out = plan.node("out", OperatorSpec::Sink(sink), window_schema(), Parallelism::Any);
    plan.edge(input, windows, 0, Exchange::Hash(vec![1]));
    plan.chain(&[windows, out]);
    plan.build()
}

#[test]
fn windows_over_the_time_of_arrival_close_when_the_clock_moves() {
    for parallelism in [1, 3] {
        let mut stepper = stepper(&arrival(), parallelism, 4096);
        let taken = |stepper: &mut Stepper| lines(&stepper.take());
        stepper
            .feed("in", START_US + 10, &rows(&[(0, 1, 1)]), &[])
            .unwrap();
        stepper
            .feed("in", START_US + 99, &rows(&[(0, 1, 2)]), &[])
            .unwrap();
        stepper.advance_to(START_US + 99).unwrap();
        assert!(stepper.take().is_empty());
        stepper.advance_to(START_US + 100).unwrap();
        assert_eq!(
            taken(&mut stepper),
            ["out +I @1000099 1 2 1000000 1000100 1000099"]
        );
        // What arrives finds the windows before it closed.
        stepper
            .feed("in", START_US + 150, &rows(&[(0, 1, 3)]), &[])
            .unwrap();
        stepper
            .feed("in", START_US + 500, &rows(&[(0, 1, 4)]), &[])
            .unwrap();
        assert_eq!(
            taken(&mut stepper),
            ["out +I @1000199 1 3 1000100 1000200 1000199"]
        );
        // The clock does not go back.
        stepper.feed("in", START_US, &rows(&[(0, 1, 5)]), &[]).unwrap();
        assert_eq!(stepper.now_us(), START_US + 500);
        stepper.end_input().unwrap();
        assert_eq!(
            taken(&mut stepper),
            ["out +I @1000599 1 5 1000500 1000600 1000599"]
        );
    }
}

#[test]
fn rows_of_the_plan_itself_are_emitted_first() {
    let mut plan = PlanBuilder::new();
    let values = plan.source(source_spec(
        "values",
        SourceKind::Values(rows(&[(2, 1, 1), (1, 1, 2)])),
    ));
    let (input, union, out) = (plan.input("in"), plan.union(), plan.outlet("out"));
    plan.edge(values, union, 0, Exchange::Forward);
    plan.edge(input, union, 1, Exchange::Forward);
    plan.chain(&[union, out]);
    let mut stepper = stepper(&plan.build(), 2, 4096);
    assert_eq!(lines(&stepper.take()), ["out +I @1 1 1 2", "out +I @2 2 1 1"]);
    stepper.feed("in", START_US, &rows(&[(3, 1, 1)]), &[]).unwrap();
    assert_eq!(lines(&stepper.take()), ["out +I @3 3 1 1"]);
}

#[test]
fn only_streams_that_are_read_can_be_fed() {
    let mut stepper = stepper(&two_stages(), 1, 4096);
    assert_eq!(
        stepper.streams().map(|(stream, _)| stream).collect::<Vec<_>>(),
        ["in"]
    );
    assert_eq!(stepper.schema("in"), Some(&schema()));
    let refused = stepper.feed("other", START_US, &rows(&[]), &[]).unwrap_err();
    assert_eq!(refused.to_string(), "columns: no query reads a stream `other`");
}

#[test]
fn rows_that_did_not_decode_follow_the_policy_of_the_stream() {
    let bad = BadRow {
        partition: None,
        offset: Some(3),
        reason: "no JSON".into(),
        raw: bytes::Bytes::new(),
    };
    let mut counted = stepper(&two_stages(), 1, 4096);
    counted
        .feed("in", START_US, &rows(&[]), std::slice::from_ref(&bad))
        .unwrap();
    assert_eq!(counted.metrics().bad_rows(), 1);
    let mut plan = PlanBuilder::new();
    let spec = SourceSpec {
        error_policy: crate::plan::ErrorPolicy::Fail,
        ..source_spec("in", SourceKind::InProcess)
    };
    let nodes = [plan.source(spec), plan.outlet("out")];
    plan.chain(&nodes);
    let mut failing = stepper(&plan.build(), 1, 4096);
    let error = failing.feed("in", START_US, &rows(&[]), &[bad]).unwrap_err();
    assert_eq!(error.to_string(), "bad row in in: no JSON");
}
