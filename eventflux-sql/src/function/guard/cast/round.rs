//! To the nearest integer.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;

/// Floating-point halves go to the even neighbour, decimal halves away from zero, as in PostgreSQL.
pub(super) fn cast_rounded(
    values: &ArrayRef,
    to: &DataType,
    options: &CastOptions<'_>,
) -> Result<ArrayRef, ArrowError> {
    let rounded: ArrayRef = match values.data_type() {
        DataType::Float64 => {
            let values: Float64Array = values.as_primitive::<Float64Type>().unary(f64::round_ties_even);
            Arc::new(values)
        }
        DataType::Float32 => {
            let values: Float32Array = values.as_primitive::<Float32Type>().unary(f32::round_ties_even);
            Arc::new(values)
        }
        // A change of scale rounds; the digits before the point stay.
        DataType::Decimal256(precision, _) => {
            cast_with_options(values, &DataType::Decimal256(*precision, 0), options)?
        }
        _ => cast_with_options(values, &DataType::Decimal128(38, 0), options)?,
    };
    cast_with_options(&rounded, to, options)
}
