//! From a call to its aggregate: the one list of what there is.

use std::marker::PhantomData;

use arrow::datatypes::*;

use super::GroupedAggregate;
use super::count::Count;
use super::extreme::{End, Extreme};
use super::grouped::Grouped;
use super::multiset::RetractableExtreme;
use super::total::{DecimalTotal, FloatTotal, IntegerTotal, Reduction};
use super::value::{Canonical, Words, check_type, is_word};
use crate::error::{Error, Result};
use crate::plan::{AggregateCall, AggregateFunction};

/// The aggregate of a call. `retracts` says whether rows may be taken back.
///
/// **Errors** There is no such aggregate for the arguments' types.
pub fn build_aggregate(call: &AggregateCall, retracts: bool) -> Result<Box<dyn GroupedAggregate>> {
    let output = call.output.data_type().clone();
    match &call.function {
        AggregateFunction::Count => Ok(Box::new(Grouped::new(Count { output }))),
        AggregateFunction::Sum => total(call, Reduction::Sum),
        AggregateFunction::Avg => total(call, Reduction::Average),
        AggregateFunction::Min => extreme(call, End::Smallest, retracts),
        AggregateFunction::Max => extreme(call, End::Largest, retracts),
        _ => Err(unknown(call)),
    }
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

fn total(call: &AggregateCall, reduction: Reduction) -> Result<Box<dyn GroupedAggregate>> {
    let output = call.output.data_type().clone();
    macro_rules! integer {
        ($input:ty) => {
            Box::new(Grouped::new(IntegerTotal::<$input> {
                reduction,
                output,
                input: PhantomData,
            }))
        };
    }
    macro_rules! float {
        ($input:ty) => {
            Box::new(Grouped::new(FloatTotal::<$input> {
                reduction,
                output,
                input: PhantomData,
            }))
        };
    }
    macro_rules! decimal {
        ($input:ty, $scale:expr) => {
            Box::new(Grouped::new(DecimalTotal::<$input> {
                reduction,
                scale: *$scale,
                output,
                input: PhantomData,
            }))
        };
    }
    Ok(match call.argument_types.first() {
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
        _ => return Err(unknown(call)),
    })
}

fn extreme(call: &AggregateCall, end: End, retracts: bool) -> Result<Box<dyn GroupedAggregate>> {
    let (Some(input), output) = (
        call.argument_types.first().cloned(),
        call.output.data_type().clone(),
    ) else {
        return Err(unknown(call));
    };
    check_type(&input)?;
    macro_rules! build {
        ($function:ident, $form:ty) => {
            Box::new(Grouped::new($function::<$form> {
                end,
                input,
                output,
                form: PhantomData,
            }))
        };
    }
    Ok(match (is_word(&input), retracts) {
        (true, false) => build!(Extreme, Words),
        (true, true) => build!(RetractableExtreme, Words),
        (false, false) => build!(Extreme, Canonical),
        (false, true) => build!(RetractableExtreme, Canonical),
    })
}
