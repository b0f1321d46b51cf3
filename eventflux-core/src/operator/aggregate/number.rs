//! Results as arrays: numbers checked against the type that they have to fit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, Float64Array, PrimitiveArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Decimal256Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type, i256,
};

use super::Evaluated;
use crate::error::Result;

/// Exact integers as an array of a numeric type. `what` names the result in failures.
pub(super) fn integers(values: &[Option<i128>], output: &DataType, what: &str) -> Result<Evaluated> {
    Ok(match output {
        DataType::Int8 => checked::<Int8Type>(values, what),
        DataType::Int16 => checked::<Int16Type>(values, what),
        DataType::Int32 => checked::<Int32Type>(values, what),
        DataType::Int64 => checked::<Int64Type>(values, what),
        DataType::UInt8 => checked::<UInt8Type>(values, what),
        DataType::UInt16 => checked::<UInt16Type>(values, what),
        DataType::UInt32 => checked::<UInt32Type>(values, what),
        DataType::UInt64 => checked::<UInt64Type>(values, what),
        DataType::Duration(_) => {
            let mut counts = checked::<Int64Type>(values, what);
            counts.array = cast_with_options(&counts.array, output, &CastOptions::default())?;
            counts
        }
        output if output.is_decimal() => {
            let values = values
                .iter()
                .map(|value| value.map(i256::from_i128))
                .collect::<Vec<_>>();
            return decimals(&values, 0, output, what);
        }
        output => {
            let floats = values
                .iter()
                .map(|value| value.map(|value| value as f64))
                .collect::<Vec<_>>();
            return self::floats(floats, output, what);
        }
    })
}

fn checked<T: ArrowPrimitiveType>(values: &[Option<i128>], what: &str) -> Evaluated
where
    T::Native: TryFrom<i128>,
{
    let mut failures = Vec::new();
    let fit = values.iter().enumerate().map(|(row, value)| {
        let value = (*value)?;
        let fits = T::Native::try_from(value).ok();
        if fits.is_none() {
            failures.push((row, does_not_fit(what, &value.to_string(), &T::DATA_TYPE)));
        }
        fits
    });
    let array: ArrayRef = Arc::new(fit.collect::<PrimitiveArray<T>>());
    Evaluated { array, failures }
}

/// Decimals of a scale as an array of a numeric type, rounded half away from zero.
pub(super) fn decimals(
    values: &[Option<i256>],
    scale: i8,
    output: &DataType,
    what: &str,
) -> Result<Evaluated> {
    let array = values.iter().copied().collect::<PrimitiveArray<Decimal256Type>>();
    let array = array.with_precision_and_scale(76, scale)?;
    cast_each(Arc::new(array), output, what)
}

/// Floats as an array of a numeric type.
pub(super) fn floats(values: Vec<Option<f64>>, output: &DataType, what: &str) -> Result<Evaluated> {
    let array: ArrayRef = Arc::new(Float64Array::from(values));
    if *output == DataType::Float64 {
        return Ok(Evaluated::fits(array));
    }
    cast_each(array, output, what)
}

/// Casts values; those that cannot be cast become NULL and a failure.
pub(super) fn cast_each(array: ArrayRef, output: &DataType, what: &str) -> Result<Evaluated> {
    let cast = cast_with_options(
        &array,
        output,
        &CastOptions {
            safe: true,
            ..CastOptions::default()
        },
    )?;
    if cast.null_count() == array.null_count() {
        return Ok(Evaluated::fits(cast));
    }
    let failed = (0..array.len()).filter(|row| cast.is_null(*row) && array.is_valid(*row));
    let failures = failed
        .map(|row| {
            let value = arrow::util::display::array_value_to_string(&array, row).unwrap_or_default();
            (row, does_not_fit(what, &value, output))
        })
        .collect();
    Ok(Evaluated {
        array: cast,
        failures,
    })
}

pub(super) fn does_not_fit(what: &str, value: &str, output: &DataType) -> String {
    format!("{what} is {value}, which does not fit {output}")
}
