//! `to_date`, `to_timestamp`: text by a pattern as a time, and what else stands for one.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type, TimeUnit};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, exec_datafusion_err, exec_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature, Volatility,
};

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::pattern_argument::{LastPattern, check_pattern, check_type, literal};
use super::read_time::read_time;
use crate::catalog::TypeName;
use crate::function::ArgumentError;
use crate::function::reference::Chapter;

const DAY_US: i64 = 86_400_000_000;
const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
/// What cannot be cast is an error, not NULL.
const STRICT: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: arrow::util::display::FormatOptions::new(),
};

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let signature = || Signature::one_of(vec![TypeSignature::VariadicAny], Volatility::Immutable);
    let functions = [
        Builtin::new("to_timestamp", signature(), timestamp_field, to_timestamp).documented(
            Chapter::Time,
            "to_timestamp(value[, pattern])",
            "A TIMESTAMP from text by a pattern as for `to_char`, or by one of `strftime` (`%d/%m/%Y`). Without a pattern: \
             from text as in ISO 8601, or from a number of seconds since 1970.",
            "to_timestamp('05 Mar 2024', 'DD Mon YYYY') => 2024-03-05T00:00:00.000000Z",
        ),
        Builtin::new("to_date", signature(), date_field, to_date).documented(
            Chapter::Time,
            "to_date(value[, pattern])",
            "A DATE from text by a pattern as for `to_char`, or by one of `strftime`. Without a pattern: from text as in \
             ISO 8601, from a time, or from a number of days since 1970.",
            "to_date('05.03.24', 'DD.MM.YY') => 2024-03-05",
        ),
    ];
    functions.into_iter().map(Builtin::udf).collect()
}

fn timestamp_field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    check(name, args)?;
    Ok(strict(name, TIMESTAMP, args))
}

fn date_field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    check(name, args)?;
    Ok(strict(name, DataType::Date32, args))
}

fn check(name: &str, args: &ReturnFieldArgs<'_>) -> Result<()> {
    let Some((value, patterns)) = args.arg_fields.split_first() else {
        return Err(ArgumentError::new(0, format!("{name} takes a value")).into());
    };
    for index in 1..=patterns.len() {
        check_type(args, index)?;
    }
    let is_text = value.data_type().is_string() || value.data_type().is_null();
    let is_known = match value.data_type() {
        DataType::Date32 | DataType::Timestamp(_, _) => true,
        other => other.is_numeric(),
    };
    if !is_text && (!is_known || !patterns.is_empty()) {
        let type_name = TypeName(value.data_type());
        let message = match patterns {
            [] => format!("{name} does not take {type_name}"),
            _ => format!("{name} with a pattern takes STRING, not {type_name}"),
        };
        return Err(ArgumentError::new(0, message).into());
    }
    let is_strftime = |index: usize| literal(args, index).is_some_and(|pattern| pattern.contains('%'));
    match patterns.len() {
        0 => Ok(()),
        1 if !is_strftime(1) => check_pattern(args, 1),
        count if (1..=count).all(is_strftime) => Ok(()),
        _ => Err(ArgumentError::new(2, format!("{name} takes one pattern, or several of `strftime`")).into()),
    }
}

fn to_timestamp(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if is_strftime(&args) {
        let nanoseconds = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let args = ScalarFunctionArgs {
            return_field: Arc::new(Field::new("to_timestamp", nanoseconds, true)),
            ..args
        };
        let by_strftime = datafusion_functions::datetime::to_timestamp(&ConfigOptions::default());
        let nanoseconds = by_strftime.invoke_with_args(args)?;
        return nanoseconds.cast_to(&TIMESTAMP, None);
    }
    let arguments = Arguments::new(args)?;
    let times = match arguments.len() {
        1 => timestamp_of(arguments.column(0)?)?,
        _ => Arc::new(read::<TimestampMicrosecondArray, i64>(arguments, Ok)?),
    };
    Ok(ColumnarValue::Array(times))
}

fn to_date(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if is_strftime(&args) {
        return datafusion_functions::datetime::to_date().invoke_with_args(args);
    }
    let arguments = Arguments::new(args)?;
    let dates: ArrayRef = match arguments.len() {
        1 => match arguments.column(0)? {
            days if days.data_type().is_integer() => {
                let days = cast_with_options(days, &DataType::Int32, &STRICT)?;
                cast_with_options(&days, &DataType::Date32, &STRICT)?
            }
            number if number.data_type().is_numeric() => {
                return exec_err!("to_date takes whole days, not {}", TypeName(number.data_type()));
            }
            other => cast_with_options(other, &DataType::Date32, &STRICT)?,
        },
        _ => Arc::new(read::<Date32Array, i32>(arguments, |us| {
            i32::try_from(us.div_euclid(DAY_US)).map_err(|_| exec_datafusion_err!("the date is out of range"))
        })?),
    };
    Ok(ColumnarValue::Array(dates))
}

/// Whether a pattern is one of `strftime`, which stands in the query.
fn is_strftime(args: &ScalarFunctionArgs) -> bool {
    match args.args.get(1) {
        Some(ColumnarValue::Scalar(pattern)) => pattern
            .try_as_str()
            .flatten()
            .is_some_and(|pattern| pattern.contains('%')),
        _ => false,
    }
}

fn timestamp_of(values: &ArrayRef) -> Result<ArrayRef> {
    let out_of_range =
        |value: &dyn std::fmt::Debug| exec_datafusion_err!("{value:?} seconds are out of range");
    let times: TimestampMicrosecondArray = match values.data_type() {
        data_type if data_type.is_integer() => {
            let seconds = cast_with_options(values, &DataType::Int64, &STRICT)?;
            let us = |seconds: i64| {
                seconds
                    .checked_mul(1_000_000)
                    .ok_or_else(|| out_of_range(&seconds))
            };
            seconds.as_primitive::<Int64Type>().try_unary(us)?
        }
        data_type if data_type.is_floating() => {
            let seconds = cast_with_options(values, &DataType::Float64, &STRICT)?;
            let us = |seconds: f64| match (seconds * 1e6).round() {
                us if us.abs() < 9.2e18 => Ok(us as i64),
                _ => Err(out_of_range(&seconds)),
            };
            seconds.as_primitive::<Float64Type>().try_unary(us)?
        }
        data_type if data_type.is_decimal() => {
            let us = cast_with_options(values, &DataType::Decimal128(38, 6), &STRICT)?;
            let us_of = |us: i128| i64::try_from(us).map_err(|_| out_of_range(&(us / 1_000_000)));
            us.as_primitive::<Decimal128Type>().try_unary(us_of)?
        }
        _ => return Ok(cast_with_options(values, &TIMESTAMP, &STRICT)?),
    };
    Ok(Arc::new(times))
}

/// Text by patterns.
fn read<A: FromIterator<Option<N>>, N>(arguments: Arguments, number: impl Fn(i64) -> Result<N>) -> Result<A> {
    let arguments = arguments.with_text(0)?.with_text(1)?;
    let (texts, patterns) = (arguments.text(0)?, arguments.text(1)?);
    let mut last = LastPattern::default();
    let times = (0..arguments.row_count).map(|row| {
        if !arguments.are_valid(row) {
            return Ok(None);
        }
        let pattern = patterns.value(row);
        if pattern.contains('%') {
            return exec_err!("a pattern of `strftime` must be a constant: `{pattern}`");
        }
        let pieces = last.pieces(pattern)?;
        read_time(pieces, texts.value(row)).and_then(&number).map(Some)
    });
    times.collect()
}
