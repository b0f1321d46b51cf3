//! Late rows and bad rows.

use bytes::Bytes;

use super::*;
use crate::batch::Value;
use crate::error::Error;
use crate::operator::BadRow;
use crate::plan::{
    ErrorPolicy, EventTimeSpec, Exchange, Parallelism, Port, SourceColumn, SourceKind, SourceSpec,
    dead_letter_schema,
};
use crate::runtime::testing::{
    PlanBuilder, integers, on_batch, pass, rows, rows_with_nulls, schema, source_spec,
};

/// Rows with a negative `v` are late, zeros are bad.
fn picky() -> Box<dyn Operator> {
    on_batch(|batch, out| {
        for (row, value) in integers(batch.rows(), 2).into_iter().enumerate() {
            let one = batch.slice(row, 1);
            match value {
                0 => {
                    let raw = Bytes::from_static(b"{}");
                    let bad = BadRow {
                        partition: None,
                        offset: Some(row as i64),
                        reason: "zero".into(),
                        raw,
                    };
                    out.bad_row(bad, one.event_time()[0])?;
                }
                ..0 => out.late(one)?,
                _ => out.emit(one)?,
            }
        }
        Ok(())
    })
}

#[test]
fn late_rows_are_counted_and_go_to_their_stream() {
    let mut plan = PlanBuilder::new();
    let (input, picky_node) = (plan.input("in"), plan.operator("picky", Parallelism::Any));
    let (out, late) = (plan.outlet("out"), plan.outlet("late"));
    plan.chain(&[input, picky_node, out]);
    plan.port_edge(picky_node, Port::Late, late, 0, Exchange::Forward);
    let runtime = runtime(plan.build(), wide(1), |_, _| picky());
    let (kept, kept_late) = (Kept::of(&runtime, "out"), Kept::of(&runtime, "late"));
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(1, 1, 1), (2, 1, -1), (3, 1, 2)]))
        .unwrap();
    running.finish();
    let summary = running.wait().unwrap();
    assert_eq!(kept.triples(), [(1, 1, 1), (3, 1, 2)]);
    assert_eq!(kept_late.triples(), [(2, 1, -1)]);
    assert_eq!(summary.metrics.late_rows(), 1);
}

fn dead_letters_spec(event_time: Option<EventTimeSpec>) -> SourceSpec {
    let schema = dead_letter_schema();
    // Not all columns, and not in their order.
    let columns = ["reason", "source", "partition", "offset", "raw", "time"];
    let column = |name: &&str| SourceColumn {
        field: Arc::new(schema.field_with_name(name).unwrap().clone()),
        metadata: None,
    };
    SourceSpec {
        stream: "system.errors".into(),
        kind: SourceKind::DeadLetters,
        columns: columns.iter().map(column).collect(),
        declared: schema,
        computed: Vec::new(),
        event_time,
        idle_timeout_us: 30_000_000,
        error_policy: ErrorPolicy::Drop,
    }
}

/// A source and an operator with bad rows, both of which go to `errors`.
fn errors_plan(policy: ErrorPolicy) -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let input = plan.source(SourceSpec {
        error_policy: policy,
        ..source_spec("in", SourceKind::InProcess)
    });
    let (work, out) = (plan.operator("picky", Parallelism::Any), plan.outlet("out"));
    let letters = dead_letters_spec(None);
    let fields: Vec<_> = letters
        .columns
        .iter()
        .map(|column| Arc::clone(&column.field))
        .collect();
    let letter_schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let errors = plan.node(
        "errors",
        OperatorSpec::Source(letters),
        Arc::clone(&letter_schema),
        Parallelism::Any,
    );
    let errors_out = plan.outlet_of("errors out", letter_schema);
    plan.edge(input, work, 0, Exchange::Hash(vec![1]));
    plan.chain(&[work, out]);
    plan.port_edge(input, Port::Errors, errors, 0, Exchange::Forward);
    plan.port_edge(work, Port::Errors, errors, 0, Exchange::Forward);
    plan.chain(&[errors, errors_out]);
    plan.build()
}

const SENT: [(Option<i64>, i64, i64); 4] = [(Some(1), 1, 1), (None, 5, 5), (Some(3), 2, 0), (Some(4), 1, 2)];

#[test]
fn bad_rows_of_sources_and_operators_go_to_the_dead_letter_stream() {
    let runtime = runtime(errors_plan(ErrorPolicy::DeadLetter), wide(2), |_, _| picky());
    let kept = Kept::of(&runtime, "out");
    let letters = Kept::of(&runtime, "errors out");
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows_with_nulls(&SENT))
        .unwrap();
    running.finish();
    let summary = running.wait().unwrap();
    assert_eq!(kept.sorted(), [(1, 1, 1), (4, 1, 2)]);
    assert_eq!(summary.metrics.bad_rows(), 2);
    let mut seen = Vec::new();
    for batch in letters.0.lock().unwrap().iter() {
        for row in 0..batch.num_rows() {
            let values = (0..5).map(|column| Value::read(batch.column(column), row).unwrap());
            seen.push(values.collect::<Vec<_>>());
            let time = Value::read(batch.column(5), row).unwrap();
            assert!(matches!(time, Value::Timestamp(1..)), "{time:?}");
        }
    }
    seen.sort_by_key(|row| format!("{row:?}"));
    let raw = |text: &str| Value::Binary(text.as_bytes().to_vec());
    let null_time = raw(r#"{"ts":null,"k":5,"v":5}"#);
    let expected: Vec<Vec<Value>> = vec![
        vec![
            "event time `ts` is null".into(),
            "in".into(),
            "in".into(),
            Value::Null,
            null_time,
        ],
        vec!["zero".into(), "picky".into(), Value::Null, 0.into(), raw("{}")],
    ];
    assert_eq!(seen, expected);
    let source = summary
        .metrics
        .operators
        .iter()
        .find(|operator| operator.name == "in")
        .unwrap();
    assert_eq!(
        source.first_bad_row.as_deref(),
        Some("in: event time `ts` is null")
    );
}

#[test]
fn dropped_rows_are_counted_only() {
    let runtime = runtime(errors_plan(ErrorPolicy::Drop), wide(1), |_, _| pass());
    let (kept, letters) = (Kept::of(&runtime, "out"), Kept::of(&runtime, "errors out"));
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows_with_nulls(&SENT))
        .unwrap();
    running.finish();
    assert_eq!(running.wait().unwrap().metrics.bad_rows(), 1);
    assert_eq!(kept.triples().len(), 3);
    assert!(letters.0.lock().unwrap().is_empty());
}

#[test]
fn a_bad_row_of_a_stream_with_policy_fail_ends_the_run() {
    let runtime = runtime(errors_plan(ErrorPolicy::Fail), wide(1), |_, _| pass());
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows_with_nulls(&SENT))
        .unwrap();
    let error = running.wait().unwrap_err();
    assert!(matches!(error, Error::BadRow { .. }));
    assert_eq!(error.to_string(), "bad row in in: event time `ts` is null");
}

#[test]
fn a_dead_letter_stream_within_a_chain_closes_its_windows_at_the_end() {
    let mut plan = PlanBuilder::new();
    let (input, out) = (plan.input("in"), plan.outlet("out"));
    let time = dead_letter_schema().index_of("time").unwrap();
    let spec = dead_letters_spec(Some(EventTimeSpec {
        column: time,
        delay_us: 0,
    }));
    let letters = plan.node("letters", OperatorSpec::Source(spec), schema(), Parallelism::Any);
    let last = plan.operator("last", Parallelism::Any);
    plan.chain(&[input, out]);
    plan.port_edge(input, Port::Errors, letters, 0, Exchange::Forward);
    plan.chain(&[letters, last]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let watermarks = Arc::clone(&seen);
    let runtime = runtime(plan.build(), wide(1), move |_, _| {
        let watermarks = Arc::clone(&watermarks);
        Box::new(crate::runtime::testing::TestOperator {
            on_batch: |_, _: &mut crate::operator::Output<'_>| Ok(()),
            on_watermark: move |watermark, _: &mut crate::operator::Output<'_>| {
                watermarks.lock().unwrap().push(watermark);
                Ok(())
            },
        })
    });
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows_with_nulls(&SENT))
        .unwrap();
    running.finish();
    let summary = running.wait().unwrap();
    assert_eq!(summary.metrics.subtasks.len(), 1);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1], crate::element::WATERMARK_MAX);
}
