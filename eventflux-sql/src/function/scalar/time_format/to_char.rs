//! `to_char`: a time as text.

use std::sync::Arc;

use arrow::array::StringBuilder;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, Volatility};

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::moment::Moments;
use super::pattern_argument::{LastPattern, check_pattern};
use super::write_time::write_time;
use crate::catalog::TypeName;
use crate::function::ArgumentError;
use crate::function::reference::Chapter;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let signature = Signature::any(2, Volatility::Immutable);
    vec![
        Builtin::new("to_char", signature, field, write)
            .documented(
                Chapter::Time,
                "to_char(time, pattern)",
                "A DATE, TIME, TIMESTAMP or TIMESTAMPTZ as text, by a pattern of PostgreSQL: `YYYY`, `YY`, `MM`, `Mon`, \
                 `Month`, `DD`, `DDD`, `Dy`, `Day`, `HH24`, `HH12`, `MI`, `SS`, `MS`, `US`, `AM`, `IYYY`, `IW`, `Q`, `TZ` \
                 and others. `FM` in front of a field leaves out zeros and spaces, `th` behind it makes an ordinal. Words \
                 stand in double quotes.",
                "to_char(TIMESTAMP '2024-03-05 06:07:08', 'DD Mon YYYY HH24:MI') => 05 Mar 2024 06:07",
            )
            .udf(),
    ]
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    if let Some(time) = args.arg_fields.first() {
        match time.data_type() {
            DataType::Null
            | DataType::Date32
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(_, _) => {}
            other => {
                let message = format!("to_char takes a DATE, TIME or TIMESTAMP, not {}", TypeName(other));
                let error = ArgumentError::new(0, message);
                return Err(match other {
                    other if other.is_numeric() => error.with_help(
                        "numbers have no patterns here: `lpad(CAST(x AS STRING), n, '0')` fills up, `round(x, n)` rounds",
                    ),
                    _ => error.with_help("CAST it to TIMESTAMP"),
                }
                .into());
            }
        }
    }
    check_pattern(args, 1)?;
    Ok(strict(name, DataType::Utf8, args))
}

fn write(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?.with_text(1)?;
    let mut results = StringBuilder::new();
    if *arguments.column(0)?.data_type() == DataType::Null {
        (0..arguments.row_count).for_each(|_| results.append_null());
        return Ok(ColumnarValue::Array(Arc::new(results.finish())));
    }
    let moments = Moments::new(arguments.column(0)?)?;
    let patterns = arguments.text(1)?;
    let mut last = LastPattern::default();
    let mut text = String::new();
    for row in 0..arguments.row_count {
        match moments.get(row) {
            Some(moment) if arguments.are_valid(row) => {
                text.clear();
                write_time(last.pieces(patterns.value(row))?, moment, &mut text);
                results.append_value(&text);
            }
            _ => results.append_null(),
        }
    }
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}
