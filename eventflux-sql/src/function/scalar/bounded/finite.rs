//! Floating-point results that are none: PostgreSQL says so rather than going on with NaN or Infinity.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::ColumnarValue;

use super::argument::Argument;

/// The result is a number, unless an argument is not: Infinity is one.
pub(super) fn number(name: &'static str, arguments: &[Argument], results: &ColumnarValue) -> Result<()> {
    check(name, arguments, results, |result| result.is_nan())
}

/// The result is a finite number, unless an argument is not.
pub(super) fn finite(name: &'static str, arguments: &[Argument], results: &ColumnarValue) -> Result<()> {
    check(name, arguments, results, |result| !result.is_finite())
}

fn check(
    name: &'static str,
    arguments: &[Argument],
    results: &ColumnarValue,
    is_wrong: fn(f64) -> bool,
) -> Result<()> {
    let results = match results {
        ColumnarValue::Array(results) => results.clone(),
        ColumnarValue::Scalar(result) => result.to_array()?,
    };
    let any_wrong = match results.data_type() {
        DataType::Float64 => {
            let values = results.as_primitive::<Float64Type>().values();
            values.iter().any(|result| is_wrong(*result))
        }
        DataType::Float32 => {
            let values = results.as_primitive::<Float32Type>().values();
            values.iter().any(|result| is_wrong(f64::from(*result)))
        }
        _ => false,
    };
    if !any_wrong {
        return Ok(());
    }
    for row in 0..results.len() {
        let Some(result) = float(&results, row).filter(|result| is_wrong(*result)) else {
            continue;
        };
        let given = || arguments.iter().map(|argument| argument.cell(row));
        // What is no number before needs none after; of infinity there may be infinity.
        let is_excused = given().any(|(values, at)| match float(values, at) {
            Some(argument) if result.is_nan() => argument.is_nan(),
            Some(argument) => !argument.is_finite(),
            None => false,
        });
        if !is_excused {
            let texts = given().map(|(values, at)| match float(values, at) {
                Some(argument) => Ok(format!("{argument:?}")),
                None => Ok(ScalarValue::try_from_array(values, at)?.to_string()),
            });
            let texts: Vec<String> = texts.collect::<Result<_>>()?;
            let reason = if result.is_nan() {
                "is not defined"
            } else {
                "is out of range"
            };
            return exec_err!("{name}({}) {reason}", texts.join(", "));
        }
    }
    Ok(())
}

/// The floating-point number of a cell; `None` for NULL and other types.
fn float(values: &ArrayRef, row: usize) -> Option<f64> {
    if values.is_null(row) {
        return None;
    }
    match values.data_type() {
        DataType::Float64 => Some(values.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => Some(f64::from(values.as_primitive::<Float32Type>().value(row))),
        _ => None,
    }
}
