//! Every expression of the tables with other values: whatever a row holds, it has a value or an error, by itself.
//!
//! `EVENTFLUX_TEST_SEED=n` chooses other values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use datafusion_common::{DFSchema, DataFusionError, ScalarValue};
use datafusion_expr::Expr;
use eventflux_core::expr::{Expression, RowResults};
use eventflux_core::time::with_task_clock;

use super::check::{NOW_US, as_columns, json, literals_as_columns};
use super::extreme::Chance;
use super::session::plan;
use super::table::expressions;
use crate::function::{FunctionRegistry, compile_expression};

const ROWS: usize = 12;

/// A row's value takes no more than this, with what its builder has allocated ahead.
const VALUE_BYTES_MAX: usize = 160 << 20;

/// All rows of an expression together take no longer, in a debug build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

/// The value of each row as JSON, `None` for an error.
fn outcomes(expression: &Expression, rows: &RecordBatch) -> Vec<Option<String>> {
    let results = with_task_clock(NOW_US, || {
        RowResults::of(rows, |rows| Ok(vec![expression.evaluate(rows)?]))
    })
    .unwrap();
    let values = results.columns.first();
    let bytes = values.map_or(0, |values| values.get_array_memory_size());
    assert!(bytes <= VALUE_BYTES_MAX * rows.num_rows(), "{bytes} bytes");
    let mut next = 0;
    (0..rows.num_rows())
        .map(|row| {
            if results.bad.iter().any(|(bad, _)| *bad == row) {
                return None;
            }
            next += 1;
            Some(json(values.unwrap(), next - 1))
        })
        .collect()
}

fn batch(columns: &[Vec<ScalarValue>], row_count: usize) -> RecordBatch {
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .map(|values| ScalarValue::iter_to_array(values.iter().cloned()).unwrap())
        .collect();
    let fields: Vec<Field> = arrays
        .iter()
        .enumerate()
        .map(|(index, array)| Field::new(format!("c{index}"), array.data_type().clone(), true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(row_count));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

/// An expression over columns, and the values of its constants.
type Planned = (Expression, Vec<Vec<ScalarValue>>);

/// The expression with its constants in columns, and what is in them: the constant, then others. Text stays a constant where it
/// must be one.
///
/// **Errors** It cannot be compiled in either way.
fn over_columns(typed: &Expr, chance: &mut Chance) -> Result<Planned, DataFusionError> {
    let mut planned = compile_over(literals_as_columns(typed), chance);
    if planned.is_err() {
        let is_chosen = |value: &ScalarValue| {
            !(value.is_null() || value.data_type().is_nested() || value.data_type().is_string())
        };
        planned = compile_over(as_columns(typed, is_chosen), chance);
    }
    planned
}

fn compile_over(
    (expression, given): (Expr, Vec<ScalarValue>),
    chance: &mut Chance,
) -> Result<Planned, DataFusionError> {
    let columns: Vec<Vec<ScalarValue>> = given
        .iter()
        .map(|value| {
            let others = (1..ROWS).map(|_| chance.value(value));
            std::iter::once(value.clone()).chain(others).collect()
        })
        .collect();
    let schema = DFSchema::try_from(batch(&columns, ROWS).schema())?;
    Ok((compile_expression(&expression, &schema)?, columns))
}

/// What is wrong with an expression over extreme values, if anything is.
fn mistake(text: &str, typed: &Expr, chance: &mut Chance) -> Option<String> {
    let (compiled, columns) = match over_columns(typed, chance) {
        Ok(planned) => planned,
        Err(error) => return Some(format!("{text}: {error}")),
    };
    let rows = batch(&columns, ROWS);
    let started = std::time::Instant::now();
    let together = catch_unwind(AssertUnwindSafe(|| outcomes(&compiled, &rows)));
    for row in 0..ROWS {
        let alone = rows.slice(row, 1);
        let arguments: Vec<String> = columns.iter().map(|values| values[row].to_string()).collect();
        let arguments = arguments.join(" | ").chars().take(300).collect::<String>();
        let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| outcomes(&compiled, &alone))) else {
            return Some(format!("{text}: panics for {arguments}"));
        };
        if let Ok(together) = &together
            && together[row] != outcome[0]
        {
            let (many, one) = (&together[row], &outcome[0]);
            return Some(format!(
                "{text}: {many:?} among others, {one:?} alone, for {arguments}"
            ));
        }
    }
    if together.is_err() {
        return Some(format!("{text}: panics for rows together"));
    }
    let elapsed = started.elapsed();
    (elapsed > TIME_MAX).then(|| format!("{text}: takes {elapsed:?}"))
}

#[test]
fn extreme_arguments_give_a_value_or_an_error_whatever_is_in_the_rows_around() {
    let functions = FunctionRegistry::new();
    let seed = std::env::var("EVENTFLUX_TEST_SEED").map_or(20_240_305, |seed| seed.parse().unwrap());
    let mut chance = Chance::new(seed);
    let texts = expressions();
    let planned: Vec<_> = texts
        .iter()
        .filter_map(|text| Some((text, plan(text, &functions).ok()?)))
        .collect();
    assert!(
        planned.len() > texts.len() * 9 / 10,
        "{} of {}",
        planned.len(),
        texts.len()
    );
    let mistakes: Vec<String> = planned
        .into_iter()
        .filter_map(|(text, typed)| mistake(text, &typed, &mut chance))
        .collect();
    assert!(
        mistakes.is_empty(),
        "{} mistakes\n{}",
        mistakes.len(),
        mistakes.join("\n")
    );
}
