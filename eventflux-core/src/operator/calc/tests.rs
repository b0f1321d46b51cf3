//! The operator as a whole: text tables in, text tables out.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion_expr::Operator as Op;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{BinaryExpr, Column, lit};
use proptest::prelude::*;

use super::CalcOperator;
use crate::batch::{EventBatch, RowKind};
use crate::element::StreamElement;
use crate::error::Result;
use crate::expr::Expression;
use crate::key::KeyGroupMap;
use crate::operator::{BadRow, Operator, OperatorContext, Output, SideOutput};
use crate::plan::{CalcSpec, ErrorPolicy, NamedExpression};
use crate::time::VirtualClock;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
    ]))
}

fn n() -> Arc<dyn PhysicalExpr> {
    Arc::new(Column::new("n", 1))
}

fn binary(left: Arc<dyn PhysicalExpr>, op: Op, right: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    Arc::new(BinaryExpr::new(left, op, right))
}

fn expression(physical: Arc<dyn PhysicalExpr>) -> Expression {
    let data_type = physical.data_type(&schema()).unwrap();
    Expression::new(Arc::clone(&physical), physical.to_string(), data_type)
}

/// `n >= least`
fn at_least(least: i64) -> Expression {
    expression(binary(n(), Op::GtEq, lit(least)))
}

/// `100 / n`
fn quotient() -> Arc<dyn PhysicalExpr> {
    binary(lit(100i64), Op::Divide, n())
}

/// An operator that gives `name` and `100 / n`.
fn operator(filters: Vec<Expression>) -> CalcOperator {
    let name = Field::new("name", DataType::Utf8, true);
    let q = Field::new("q", DataType::Int64, true);
    let output = Arc::new(Schema::new(vec![name.clone(), q.clone()]));
    let projection = vec![
        NamedExpression {
            expression: expression(Arc::new(Column::new("name", 0))),
            field: Arc::new(name),
        },
        NamedExpression {
            expression: expression(quotient()),
            field: Arc::new(q),
        },
    ];
    let spec = CalcSpec {
        filters,
        projection: Some(projection),
        error_policy: ErrorPolicy::DeadLetter,
    };
    CalcOperator::new(spec, schema(), output, &context()).unwrap()
}

fn context() -> OperatorContext {
    OperatorContext {
        operator_id: "calc".into(),
        subtask: 0,
        parallelism: 1,
        key_groups: 8,
        owners: KeyGroupMap::contiguous(8, 1),
        batch_rows_max: 4096,
        clock: Arc::new(VirtualClock::at(0)),
        cold: None,
    }
}

/// Rows named `r0`, `r1`, … at event times 0, 10, …
fn rows(numbers: &[Option<i64>]) -> EventBatch {
    let names: ArrayRef = Arc::new(
        (0..numbers.len())
            .map(|row| Some(format!("r{row}")))
            .collect::<StringArray>(),
    );
    let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
    let times = (0..names.len() as i64).map(|row| row * 10).collect();
    EventBatch::new(
        RecordBatch::try_new(schema(), vec![names, numbers]).unwrap(),
        times,
    )
    .unwrap()
}

#[derive(Default)]
struct Side(Vec<String>);

impl SideOutput for Side {
    fn late(&mut self, _rows: EventBatch) -> Result<()> {
        Ok(())
    }

    fn late_count(&mut self, _count: u64) {}

    fn bad_row(&mut self, row: BadRow, event_time_us: i64) -> Result<()> {
        let raw = String::from_utf8_lossy(&row.raw).into_owned();
        self.0.push(format!("{event_time_us} {raw} {}", row.reason));
        Ok(())
    }
}

/// The result's rows as `+I name q @time`, and the bad rows.
fn run(operator: &mut CalcOperator, batch: EventBatch) -> (Vec<String>, Vec<String>) {
    let (mut elements, mut side) = (Vec::new(), Side::default());
    operator
        .on_batch(0, batch, &mut Output::new(&mut elements, &mut side))
        .unwrap();
    let mut lines = Vec::new();
    for element in elements {
        let StreamElement::Batch(batch) = element else {
            panic!("{element:?}")
        };
        let (names, quotients) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_primitive::<Int64Type>(),
        );
        for row in 0..batch.num_rows() {
            let kind = batch.kind(row).symbol();
            let time = batch.event_time()[row];
            lines.push(format!(
                "{kind} {} {} @{time}",
                names.value(row),
                quotients.value(row)
            ));
        }
    }
    (lines, side.0)
}

#[test]
fn rows_pass_for_which_the_filter_is_true() {
    let (lines, bad) = run(
        &mut operator(vec![at_least(5)]),
        rows(&[Some(10), Some(1), None, Some(5)]),
    );
    assert_eq!(lines, ["+I r0 10 @0", "+I r3 20 @30"]);
    assert!(bad.is_empty());
}

#[test]
fn a_row_that_fails_is_bad_alone() {
    let (lines, bad) = run(&mut operator(vec![]), rows(&[Some(10), Some(0), Some(4)]));
    assert_eq!(lines, ["+I r0 10 @0", "+I r2 25 @20"]);
    assert_eq!(bad.len(), 1);
    assert!(bad[0].starts_with(r#"10 {"name":"r1","n":0} "#), "{bad:?}");
}

#[test]
fn a_later_filter_sees_only_rows_that_passed_the_earlier() {
    let greater = expression(binary(quotient(), Op::Gt, lit(10i64)));
    let mut operator = operator(vec![at_least(1), greater]);
    let (lines, bad) = run(&mut operator, rows(&[Some(0), Some(2), Some(0), Some(50)]));
    assert_eq!(lines, ["+I r1 50 @10"]);
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn kinds_belong_to_rows() {
    use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
    let batch = rows(&[Some(1), Some(10), Some(20), Some(2), Some(50), Some(100)])
        .with_kinds(Some(
            vec![
                UpdateBefore,
                UpdateAfter,
                UpdateBefore,
                UpdateAfter,
                Delete,
                Insert,
            ]
            .into(),
        ))
        .unwrap();
    let (lines, _) = run(&mut operator(vec![at_least(5)]), batch);
    assert_eq!(
        lines,
        ["+I r1 10 @10", "-D r2 5 @20", "-D r4 2 @40", "+I r5 1 @50"]
    );
}

#[test]
fn an_update_whose_new_row_is_bad_is_a_deletion() {
    let kinds = vec![RowKind::UpdateBefore, RowKind::UpdateAfter];
    let batch = rows(&[Some(4), Some(0)]).with_kinds(Some(kinds.into())).unwrap();
    let (lines, bad) = run(&mut operator(vec![]), batch);
    assert_eq!(lines, ["-D r0 25 @0"]);
    assert_eq!(bad.len(), 1);
}

#[test]
fn without_a_projection_all_columns_stay() {
    let spec = CalcSpec {
        filters: vec![at_least(5)],
        projection: None,
        error_policy: ErrorPolicy::Drop,
    };
    let mut operator = CalcOperator::new(spec, schema(), schema(), &context()).unwrap();
    let (lines, _) = run(&mut operator, rows(&[Some(1), Some(7)]));
    assert_eq!(lines, ["+I r1 7 @10"]);
}

#[test]
fn a_projection_without_columns_keeps_the_number_of_rows() {
    let field = Arc::new(Field::new("one", DataType::Utf8, true));
    let one = NamedExpression {
        expression: expression(lit("1")),
        field: Arc::clone(&field),
    };
    let two = Field::new("two", DataType::Int64, true);
    let two = NamedExpression {
        expression: expression(lit(2i64)),
        field: Arc::new(two),
    };
    let output = Arc::new(Schema::new(vec![Arc::clone(&one.field), Arc::clone(&two.field)]));
    let spec = CalcSpec {
        filters: vec![],
        projection: Some(vec![one, two]),
        error_policy: ErrorPolicy::Drop,
    };
    let mut operator = CalcOperator::new(spec, schema(), output, &context()).unwrap();
    let (lines, _) = run(&mut operator, rows(&[None, Some(7)]));
    assert_eq!(lines, ["+I 1 2 @0", "+I 1 2 @10"]);
}

#[test]
fn a_constant_that_fails_makes_every_row_bad_that_passes() {
    let field = Field::new("q", DataType::Int64, true);
    let failing = binary(lit(1i64), Op::Divide, lit(0i64));
    let named = NamedExpression {
        expression: expression(failing),
        field: Arc::new(field.clone()),
    };
    let spec = CalcSpec {
        filters: vec![at_least(5)],
        projection: Some(vec![named]),
        error_policy: ErrorPolicy::Drop,
    };
    let mut operator =
        CalcOperator::new(spec, schema(), Arc::new(Schema::new(vec![field])), &context()).unwrap();
    let (lines, bad) = run(&mut operator, rows(&[Some(1), Some(2)]));
    assert!(lines.is_empty() && bad.is_empty());
    let (lines, bad) = run(&mut operator, rows(&[Some(1), Some(7), Some(8)]));
    assert!(lines.is_empty());
    assert_eq!(bad.len(), 2);
}

#[test]
fn the_watermark_is_handed_on() {
    let (mut elements, mut side) = (Vec::new(), Side::default());
    operator(vec![])
        .on_watermark(7, &mut Output::new(&mut elements, &mut side))
        .unwrap();
    assert!(matches!(elements[..], [StreamElement::Watermark(7)]));
}

#[test]
fn a_projection_that_does_not_fit_the_schema_is_refused() {
    let field = Arc::new(Field::new("n", DataType::Utf8, true));
    let named = NamedExpression {
        expression: expression(n()),
        field: Arc::clone(&field),
    };
    let spec = CalcSpec {
        filters: vec![],
        projection: Some(vec![named]),
        error_policy: ErrorPolicy::Drop,
    };
    assert!(CalcOperator::new(spec, schema(), Arc::new(Schema::new(vec![field])), &context()).is_err());
}

proptest! {
    /// T3, T4: whether a row passes, and whether it is bad, does not depend on the rows that it comes with.
    #[test]
    fn the_outcome_of_a_row_does_not_depend_on_its_batch(
        numbers in prop::collection::vec(prop_oneof![3 => Just(None), 9 => (-3i64..8).prop_map(Some)], 1..60),
        size in 1usize..60,
    ) {
        let greater = expression(binary(quotient(), Op::NotEq, lit(50i64)));
        let filters = vec![at_least(-2), greater, expression(binary(n(), Op::Lt, lit(7i64)))];
        let mut operator = operator(filters);
        let whole = run(&mut operator, rows(&numbers));
        let batch = rows(&numbers);
        let mut parts = (Vec::new(), Vec::new());
        for start in (0..numbers.len()).step_by(size) {
            let (lines, bad) = run(&mut operator, batch.slice(start, size.min(numbers.len() - start)));
            parts.0.extend(lines);
            parts.1.extend(bad);
        }
        prop_assert_eq!(whole, parts);
    }
}
