//! From a call to its aggregate: the one list of what there is.

use std::marker::PhantomData;

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::compute::cast;
use arrow::datatypes::*;

use super::GroupedAggregate;
use super::bits::{BitFold, BitOperation};
use super::boolean::{BooleanFold, Connective};
use super::collect::{Collect, Keeping, Outcome, Pick};
use super::count::Count;
use super::distinct::Distinct;
use super::extreme::{End, Extreme};
use super::foreign::{FOREIGN, Foreign};
use super::function::Function;
use super::grouped::Grouped;
use super::moment::{Moments, Statistic};
use super::multiset::RetractableExtreme;
use super::percentile::Percentile;
use super::total::{DecimalTotal, FloatTotal, IntegerTotal, Reduction};
use super::value::{Canonical, Decimals, Words, check_type, is_word};
use crate::error::{Error, Result};
use crate::plan::{AggregateCall, AggregateFunction};

type Built = Result<Box<dyn GroupedAggregate>>;

/// The aggregate of a call. `retracts` says whether rows may be taken back.
///
/// **Errors** There is no such aggregate for the arguments' types, or not where rows may be taken back.
pub fn build_aggregate(call: &AggregateCall, retracts: bool) -> Built {
    let output = call.output.data_type().clone();
    let bits = |operation| BitFold {
        operation,
        retracts,
        output: output.clone(),
    };
    let moments = |statistic| Moments {
        statistic,
        output: output.clone(),
    };
    match &call.function {
        AggregateFunction::Count => plain_or_distinct(call, Count { output }),
        AggregateFunction::Sum => total(call, Reduction::Sum),
        AggregateFunction::Avg => total(call, Reduction::Average),
        AggregateFunction::Min => extreme(call, End::Smallest, retracts),
        AggregateFunction::Max => extreme(call, End::Largest, retracts),
        AggregateFunction::VarPop => plain_or_distinct(call, moments(Statistic::VarPop)),
        AggregateFunction::VarSamp => plain_or_distinct(call, moments(Statistic::VarSamp)),
        AggregateFunction::StddevPop => plain_or_distinct(call, moments(Statistic::StddevPop)),
        AggregateFunction::StddevSamp => plain_or_distinct(call, moments(Statistic::StddevSamp)),
        AggregateFunction::First => collect(call, Outcome::FromFront(0), false, retracts),
        AggregateFunction::Last => collect(call, Outcome::FromBack(0), false, retracts),
        AggregateFunction::ArrayAgg => collect(call, Outcome::Array, false, retracts),
        AggregateFunction::StringAgg => string_agg(call, retracts),
        // DISTINCT changes nothing for these, as it does not for min and max.
        AggregateFunction::BoolAnd => grouped(BooleanFold {
            connective: Connective::And,
        }),
        AggregateFunction::BoolOr => grouped(BooleanFold {
            connective: Connective::Or,
        }),
        AggregateFunction::BitAnd => grouped(bits(BitOperation::And)),
        AggregateFunction::BitOr => grouped(bits(BitOperation::Or)),
        AggregateFunction::BitXor => plain_or_distinct(call, bits(BitOperation::Xor)),
        AggregateFunction::Median => percentile(call, 0.5, "median"),
        AggregateFunction::PercentileCont => {
            let fraction = number::<Float64Type>(call);
            let fraction = fraction.filter(|fraction| (0.0..=1.0).contains(fraction));
            let fraction = fraction.ok_or_else(|| refused(call, "needs a fraction between 0 and 1"))?;
            let descends = call.order_by.first().is_some_and(|column| column.descending);
            percentile(
                call,
                if descends { 1.0 - fraction } else { fraction },
                "percentile_cont",
            )
        }
        AggregateFunction::DataFusion(function) => {
            match (function.name(), Statistic::of_pair(function.name())) {
                (_, Some(statistic)) if call.arguments.len() == 2 => {
                    plain_or_distinct(call, moments(statistic))
                }
                ("any_value", _) => collect(call, Outcome::FromFront(0), true, retracts),
                ("nth_value", _) => nth_value(call, retracts),
                (name, _) if !FOREIGN.contains(&name) => Err(unknown(call)),
                _ if retracts => Err(refused(
                    call,
                    "cannot take rows back, and its input is a changelog",
                )),
                _ if call.distinct && function.name() != "approx_distinct" => {
                    Err(refused(call, "cannot be combined with DISTINCT"))
                }
                _ => Ok(Box::new(Foreign::new(call)?)),
            }
        }
    }
}

fn grouped(function: impl Function) -> Built {
    Ok(Box::new(Grouped::new(function)))
}

fn refused(call: &AggregateCall, why: &str) -> Error {
    Error::Columns(format!("{} {why}", call.function.name()))
}

fn unknown(call: &AggregateCall) -> Error {
    let types = call
        .argument_types
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    Error::Columns(format!("there is no aggregate {}({types})", call.function.name()))
}

/// A function over all values of a call's arguments, or over the distinct ones.
fn plain_or_distinct<F: Function>(call: &AggregateCall, inner: F) -> Built {
    if !call.distinct || call.arguments.is_empty() {
        return grouped(inner);
    }
    let input = call.argument_types.clone();
    input.iter().try_for_each(check_type)?;
    match input.as_slice() {
        [only] if is_word(only) => grouped(Distinct::<Words, F> {
            inner,
            input,
            form: PhantomData,
        }),
        [only] if only.is_decimal() => grouped(Distinct::<Decimals, F> {
            inner,
            input,
            form: PhantomData,
        }),
        _ => grouped(Distinct::<Canonical, F> {
            inner,
            input,
            form: PhantomData,
        }),
    }
}

fn total(call: &AggregateCall, reduction: Reduction) -> Built {
    let output = call.output.data_type().clone();
    macro_rules! integer {
        ($input:ty) => {
            plain_or_distinct(
                call,
                IntegerTotal::<$input> {
                    reduction,
                    output,
                    input: PhantomData,
                },
            )
        };
    }
    macro_rules! float {
        ($input:ty) => {
            plain_or_distinct(
                call,
                FloatTotal::<$input> {
                    reduction,
                    output,
                    input: PhantomData,
                },
            )
        };
    }
    macro_rules! decimal {
        ($input:ty, $scale:expr) => {{
            let scale = *$scale;
            plain_or_distinct(
                call,
                DecimalTotal::<$input> {
                    reduction,
                    scale,
                    output,
                    input: PhantomData,
                },
            )
        }};
    }
    match call.argument_types.first() {
        Some(DataType::Int8) => integer!(Int8Type),
        Some(DataType::Int16) => integer!(Int16Type),
        Some(DataType::Int32) => integer!(Int32Type),
        Some(DataType::Int64) => integer!(Int64Type),
        Some(DataType::UInt8) => integer!(UInt8Type),
        Some(DataType::UInt16) => integer!(UInt16Type),
        Some(DataType::UInt32) => integer!(UInt32Type),
        Some(DataType::UInt64) => integer!(UInt64Type),
        Some(DataType::Float16) => float!(Float16Type),
        Some(DataType::Float32) => float!(Float32Type),
        Some(DataType::Float64) => float!(Float64Type),
        Some(DataType::Decimal32(_, scale)) => decimal!(Decimal32Type, scale),
        Some(DataType::Decimal64(_, scale)) => decimal!(Decimal64Type, scale),
        Some(DataType::Decimal128(_, scale)) => decimal!(Decimal128Type, scale),
        Some(DataType::Decimal256(_, scale)) => decimal!(Decimal256Type, scale),
        Some(DataType::Duration(TimeUnit::Second)) => integer!(DurationSecondType),
        Some(DataType::Duration(TimeUnit::Millisecond)) => integer!(DurationMillisecondType),
        Some(DataType::Duration(TimeUnit::Microsecond)) => integer!(DurationMicrosecondType),
        Some(DataType::Duration(TimeUnit::Nanosecond)) => integer!(DurationNanosecondType),
        _ => Err(unknown(call)),
    }
}

fn extreme(call: &AggregateCall, end: End, retracts: bool) -> Built {
    let input = call
        .argument_types
        .first()
        .cloned()
        .ok_or_else(|| unknown(call))?;
    let output = call.output.data_type().clone();
    check_type(&input)?;
    macro_rules! build {
        ($form:ty) => {
            match retracts {
                true => grouped(RetractableExtreme::<$form> {
                    end,
                    input,
                    output,
                    form: PhantomData,
                }),
                false => grouped(Extreme::<$form> {
                    end,
                    input,
                    output,
                    form: PhantomData,
                }),
            }
        };
    }
    match input {
        _ if is_word(&input) => build!(Words),
        _ if input.is_decimal() => build!(Decimals),
        _ => build!(Canonical),
    }
}

fn percentile(call: &AggregateCall, fraction: f64, name: &'static str) -> Built {
    let input = call
        .argument_types
        .first()
        .cloned()
        .ok_or_else(|| unknown(call))?;
    let (output, is_distinct) = (call.output.data_type().clone(), call.distinct);
    match input {
        _ if input.is_decimal() => grouped(Percentile::<Decimals> {
            fraction,
            name,
            is_distinct,
            input,
            output,
            form: PhantomData,
        }),
        _ if input.is_numeric() => grouped(Percentile::<Words> {
            fraction,
            name,
            is_distinct,
            input,
            output,
            form: PhantomData,
        }),
        _ => Err(unknown(call)),
    }
}

fn collect(call: &AggregateCall, outcome: Outcome, skips_nulls: bool, retracts: bool) -> Built {
    let input = call
        .argument_types
        .first()
        .cloned()
        .ok_or_else(|| unknown(call))?;
    check_type(&input)?;
    let output = call.output.data_type().clone();
    let is_single = !matches!(outcome, Outcome::Array | Outcome::String(_));
    // The first of all values is the first of the distinct ones, too; but not so the third.
    let is_distinct =
        call.distinct && (!is_single || !matches!(outcome, Outcome::FromFront(0) | Outcome::FromBack(0)));
    let keeping = Keeping {
        order_by: call.order_by.clone(),
        is_distinct,
        skips_nulls,
        input,
    };
    match outcome {
        Outcome::FromFront(0) if !retracts => grouped(Pick {
            keeping,
            is_last: false,
            output,
        }),
        Outcome::FromBack(0) if !retracts => grouped(Pick {
            keeping,
            is_last: true,
            output,
        }),
        outcome => grouped(Collect {
            keeping,
            outcome,
            output,
        }),
    }
}

fn string_agg(call: &AggregateCall, retracts: bool) -> Built {
    if !matches!(
        call.argument_types.first(),
        Some(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    ) {
        return Err(unknown(call));
    }
    let separator = match call.parameters.first() {
        None => String::new(),
        Some(value) if value.is_null() => String::new(),
        Some(value) => match value.try_as_str() {
            Some(text) => text.unwrap_or_default().to_owned(),
            None => return Err(refused(call, "needs a text as separator")),
        },
    };
    collect(call, Outcome::String(separator), true, retracts)
}

fn nth_value(call: &AggregateCall, retracts: bool) -> Built {
    let place = number::<Int64Type>(call);
    match place {
        Some(place) if place > 0 => collect(call, Outcome::FromFront(place as usize - 1), false, retracts),
        Some(place) if place < 0 => collect(
            call,
            Outcome::FromBack(place.unsigned_abs() as usize - 1),
            false,
            retracts,
        ),
        _ => Err(refused(call, "needs a place other than 0")),
    }
}

/// The first parameter as a number.
fn number<T: ArrowPrimitiveType>(call: &AggregateCall) -> Option<T::Native> {
    let array = cast(&call.parameters.first()?.to_array().ok()?, &T::DATA_TYPE).ok()?;
    array.is_valid(0).then(|| array.as_primitive::<T>().value(0))
}

#[cfg(test)]
#[path = "model_test.rs"]
mod tests;
