use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::array_value_to_string;
use datafusion_common::ScalarValue;
use datafusion_expr::Operator as Op;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{BinaryExpr, Column, case, in_list, lit};
use proptest::prelude::*;

use super::Expression;

/// Columns `n` (BIGINT), `f` (DOUBLE), `b` (BOOLEAN), `d` (DECIMAL(38, 0)).
fn schema() -> Schema {
    Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("f", DataType::Float64, true),
        Field::new("b", DataType::Boolean, true),
        Field::new("d", DataType::Decimal128(38, 0), true),
    ])
}

fn rows(numbers: &[Option<i64>]) -> RecordBatch {
    let n = Int64Array::from(numbers.to_vec());
    let f: Float64Array = numbers.iter().map(|n| n.map(|n| n as f64)).collect();
    let b: BooleanArray = numbers
        .iter()
        .map(|n| n.filter(|n| n % 5 != 0).map(|n| n % 2 == 0))
        .collect();
    let d: Decimal128Array = numbers.iter().map(|n| n.map(i128::from)).collect();
    let d = d.with_precision_and_scale(38, 0).unwrap();
    let columns: Vec<ArrayRef> = vec![Arc::new(n), Arc::new(f), Arc::new(b), Arc::new(d)];
    RecordBatch::try_new(Arc::new(schema()), columns).unwrap()
}

fn column(name: &str) -> Arc<dyn PhysicalExpr> {
    Arc::new(Column::new_with_schema(name, &schema()).unwrap())
}

fn binary(left: Arc<dyn PhysicalExpr>, op: Op, right: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    Arc::new(BinaryExpr::new(left, op, right))
}

fn expression(physical: Arc<dyn PhysicalExpr>) -> Expression {
    let text = physical.to_string();
    Expression::hardened(physical, text, &schema()).unwrap()
}

/// The value or the error of one row.
fn outcome(expression: &Expression, rows: &RecordBatch) -> String {
    match expression.evaluate(rows) {
        Ok(values) if values.is_null(0) => "NULL".to_owned(),
        Ok(values) => array_value_to_string(&values, 0).unwrap(),
        Err(error) => error.to_string().rsplit("`: ").next().unwrap().to_owned(),
    }
}

fn check(physical: Arc<dyn PhysicalExpr>, number: Option<i64>, expected: &str) {
    assert_eq!(outcome(&expression(physical), &rows(&[number])), expected);
}

/// `100 / n > 10`
fn quotient_is_large() -> Arc<dyn PhysicalExpr> {
    binary(binary(lit(100i64), Op::Divide, column("n")), Op::Gt, lit(10i64))
}

#[test]
fn the_right_side_is_asked_only_where_the_left_side_does_not_decide() {
    let is_zero = binary(column("n"), Op::Eq, lit(0i64));
    let is_not_zero = binary(column("n"), Op::NotEq, lit(0i64));
    let and = expression(binary(is_not_zero, Op::And, quotient_is_large()));
    let or = expression(binary(is_zero, Op::Or, quotient_is_large()));
    let numbers = rows(&[Some(5), Some(0), None, Some(50), Some(0), Some(7)]);
    let expected_and = BooleanArray::from(vec![
        Some(true),
        Some(false),
        None,
        Some(false),
        Some(false),
        Some(true),
    ]);
    let expected_or = BooleanArray::from(vec![
        Some(true),
        Some(true),
        None,
        Some(false),
        Some(true),
        Some(true),
    ]);
    assert_eq!(
        and.evaluate(&numbers).unwrap().as_ref(),
        &expected_and as &dyn Array
    );
    assert_eq!(
        or.evaluate(&numbers).unwrap().as_ref(),
        &expected_or as &dyn Array
    );
}

/// What the guard is for. If this fails, DataFusion has become lazy by itself.
#[test]
fn without_the_guard_the_batch_decides() {
    let is_not_zero = binary(column("n"), Op::NotEq, lit(0i64));
    let and = binary(is_not_zero, Op::And, quotient_is_large());
    assert!(and.evaluate(&rows(&[Some(0)])).is_ok());
    assert!(and.evaluate(&rows(&[Some(0), Some(5), Some(7)])).is_err());
}

#[test]
fn an_item_of_a_list_is_computed_only_where_none_before_it_is_equal() {
    let quotient = binary(lit(100i64), Op::Divide, column("n"));
    let items = vec![lit(0i64), quotient];
    for (negated, expected) in [
        (false, ["true", "false", "true", "NULL"]),
        (true, ["false", "true", "false", "NULL"]),
    ] {
        let list = in_list(column("n"), items.clone(), &negated, &schema()).unwrap();
        for (number, expected) in [Some(0), Some(5), Some(10), None].into_iter().zip(expected) {
            check(Arc::clone(&list), number, expected);
        }
    }
}

#[test]
fn integers_do_not_wrap() {
    let overflow = "overflow:";
    check(
        binary(column("n"), Op::Plus, lit(1i64)),
        Some(i64::MAX),
        &format!("{overflow} 9223372036854775807 + 1"),
    );
    check(
        binary(column("n"), Op::Minus, lit(1i64)),
        Some(i64::MIN),
        &format!("{overflow} -9223372036854775808 - 1"),
    );
    check(
        binary(column("n"), Op::Multiply, lit(2i64)),
        Some(i64::MAX),
        &format!("{overflow} 9223372036854775807 * 2"),
    );
}

#[test]
fn decimals_stay_within_their_digits() {
    let large = lit(ScalarValue::Decimal128(Some(10i128.pow(37)), 38, 0));
    check(
        binary(column("d"), Op::Plus, Arc::clone(&large)),
        Some(1),
        "10000000000000000000000000000000000001",
    );
    let product = expression(binary(column("d"), Op::Multiply, large));
    assert!(outcome(&product, &rows(&[Some(10)])).contains("does not fit in a DECIMAL of 38 digits"));
}

proptest! {
    /// T3: what becomes of a row does not depend on the rows that it comes with.
    #[test]
    fn outcomes_do_not_depend_on_the_batch(
        numbers in prop::collection::vec(prop_oneof![1 => Just(None), 4 => (-6i64..6).prop_map(Some)], 1..40),
        choice in 0usize..7,
    ) {
        let is_not_zero = || binary(column("n"), Op::NotEq, lit(0i64));
        let nested = binary(column("b"), Op::Or, binary(is_not_zero(), Op::And, quotient_is_large()));
        let quotient = binary(lit(12i64), Op::Divide, column("n"));
        let expressions = [
            binary(is_not_zero(), Op::And, quotient_is_large()),
            binary(quotient_is_large(), Op::And, is_not_zero()),
            binary(column("b"), Op::Or, quotient_is_large()),
            binary(nested, Op::And, binary(quotient_is_large(), Op::Or, column("b"))),
            in_list(column("n"), vec![lit(0i64), column("n"), quotient.clone()], &false, &schema()).unwrap(),
            case(None, vec![(is_not_zero(), quotient.clone())], Some(lit(7i64))).unwrap(),
            case(Some(column("n")), vec![(lit(0i64), lit(1i64)), (quotient.clone(), quotient)], None).unwrap(),
        ];
        let expression = expression(Arc::clone(&expressions[choice]));
        let rows = rows(&numbers);
        let alone: Vec<String> =
            (0..rows.num_rows()).map(|row| outcome(&expression, &rows.slice(row, 1))).collect();
        match expression.evaluate(&rows) {
            Ok(values) => {
                let together: Vec<String> = (0..rows.num_rows())
                    .map(|row| match values.is_null(row) {
                        true => "NULL".to_owned(),
                        false => array_value_to_string(&values, row).unwrap(),
                    })
                    .collect();
                prop_assert_eq!(together, alone);
            }
            Err(_) => prop_assert!(alone.iter().any(|outcome| outcome == "division by zero"), "{:?}", alone),
        }
    }
}
