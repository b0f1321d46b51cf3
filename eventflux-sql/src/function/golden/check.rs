//! One expression, evaluated in every way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::{Expr, simplify::SimplifyContext};
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use eventflux_core::batch::json::JsonRows;
use eventflux_core::expr::error_message;
use eventflux_core::time::with_task_clock;

use super::session::plan;
use crate::function::{FunctionRegistry, compile_expression, guard_expression};

/// Tuesday, 14 November 2023, 22:13:20.
pub(super) const NOW_US: i64 = 1_700_000_000_000_000;

/// How an expression was evaluated, and what it gave: a value as JSON, or `error: …`.
pub(super) struct Outcome {
    pub(super) way: &'static str,
    pub(super) value: String,
}

/// The outcomes of all ways.
pub(super) fn outcomes(functions: &FunctionRegistry, text: &str) -> Vec<Outcome> {
    let typed = match plan(text, functions) {
        Ok(typed) => typed,
        Err(message) => {
            return vec![Outcome {
                way: "planning",
                value: format!("refused: {message}"),
            }];
        }
    };
    let mut outcomes = Vec::new();
    let mut add = |way, outcome: &dyn Fn() -> Result<String>| {
        let value = match catch_unwind(AssertUnwindSafe(outcome)) {
            Ok(outcome) => outcome.unwrap_or_else(|error| format!("error: {}", error_message(&error))),
            Err(panic) => format!("panic: {:?}", panic.downcast_ref::<String>()),
        };
        outcomes.push(Outcome { way, value });
    };
    add("as it is", &|| evaluate(&typed, &[], 1));
    add("three rows", &|| evaluate(&typed, &[], 3));
    add("optimised", &|| {
        simplify(&typed).and_then(|simple| evaluate(&simple, &[], 1))
    });
    let (expression, columns) = literals_as_columns(&typed);
    add("columns", &|| evaluate(&expression, &columns, 1));
    add("columns, two rows", &|| evaluate(&expression, &columns, 2));
    outcomes
}

/// What an expression gives, text without its quotes.
pub(in crate::function) fn value_of(functions: &FunctionRegistry, text: &str) -> String {
    let value = outcomes(functions, text).remove(0).value;
    serde_json::from_str::<String>(&value).unwrap_or(value)
}

fn simplify(typed: &Expr) -> Result<Expr> {
    let schema = Arc::new(DFSchema::empty());
    let guarded = guard_expression(typed.clone(), &schema)?.data;
    let context = SimplifyContext::builder().with_schema(schema).build();
    ExprSimplifier::new(context).simplify(guarded)
}

/// Constants may be folded; what stands in columns is only known when it is there.
pub(super) fn literals_as_columns(typed: &Expr) -> (Expr, Vec<ScalarValue>) {
    as_columns(typed, |value| !value.is_null() && !value.data_type().is_nested())
}

/// The expression with those of its constants in columns that are chosen.
pub(super) fn as_columns(typed: &Expr, is_chosen: impl Fn(&ScalarValue) -> bool) -> (Expr, Vec<ScalarValue>) {
    let mut columns: Vec<ScalarValue> = Vec::new();
    let replaced = typed.clone().transform_up(|node| match node {
        Expr::Literal(value, _) if is_chosen(&value) => {
            columns.push(value);
            Ok(Transformed::yes(Expr::Column(
                format!("c{}", columns.len() - 1).into(),
            )))
        }
        other => Ok(Transformed::no(other)),
    });
    (replaced.data().unwrap(), columns)
}

fn evaluate(typed: &Expr, columns: &[ScalarValue], row_count: usize) -> Result<String> {
    let fields: Vec<Field> = columns
        .iter()
        .enumerate()
        .map(|(index, value)| Field::new(format!("c{index}"), value.data_type(), true))
        .collect();
    let arrays = columns
        .iter()
        .map(|value| value.to_array_of_size(row_count))
        .collect::<Result<Vec<ArrayRef>>>()?;
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(row_count));
    let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)?;
    let compiled = compile_expression(typed, &DFSchema::try_from(schema)?)?;
    let values = with_task_clock(NOW_US, || compiled.evaluate(&rows));
    let values = values.map_err(|error| match error {
        eventflux_core::Error::Expression { message, .. } => {
            datafusion_common::DataFusionError::Execution(message)
        }
        other => panic!("{other}"),
    })?;
    assert_eq!(values.data_type(), compiled.data_type(), "{}", compiled.text());
    let texts: Vec<String> = (0..row_count).map(|row| json(&values, row)).collect();
    assert!(
        texts.iter().all(|text| *text == texts[0]),
        "rows differ: {texts:?}"
    );
    Ok(texts[0].clone())
}

pub(super) fn json(values: &ArrayRef, row: usize) -> String {
    if *values.data_type() == DataType::Null || values.is_null(row) {
        return "null".to_owned();
    }
    let rows = RecordBatch::try_from_iter_with_nullable([("v", Arc::clone(values), true)]).unwrap();
    let mut text = Vec::new();
    match JsonRows::new(&rows) {
        Ok(json) => json.write(row, &mut text),
        Err(error) => return format!("{error}"),
    }
    let text = String::from_utf8(text).unwrap();
    text.strip_prefix("{\"v\":")
        .unwrap()
        .strip_suffix('}')
        .unwrap()
        .to_owned()
}
