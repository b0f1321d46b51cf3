//! Whether a value fits a column.

use arrow::datatypes::{DataType, Field, IntervalUnit};

use super::Value;

/// Checks a value against a column's type and nullability.
///
/// **Errors** What is wrong, one lower-case sentence that names the column.
pub(super) fn check(field: &Field, value: &Value) -> Result<(), String> {
    if matches!(value, Value::Null) {
        return if field.is_nullable() {
            Ok(())
        } else {
            Err(format!("column `{}` must not be null", field.name()))
        };
    }
    let name = field.name();
    match (field.data_type(), value) {
        (DataType::List(item), Value::List(values)) => values.iter().try_for_each(|value| check(item, value)),
        (DataType::Struct(fields), Value::Struct(values)) => {
            if fields.len() != values.len() {
                return Err(format!(
                    "column `{name}` has {} fields, the value has {}",
                    fields.len(),
                    values.len()
                ));
            }
            fields
                .iter()
                .zip(values)
                .try_for_each(|(field, value)| check(field, value))
        }
        (DataType::Map(entries, _), Value::Map(values)) => match entries.data_type() {
            DataType::Struct(parts) if parts.len() == 2 => values
                .iter()
                .try_for_each(|(key, value)| check(&parts[0], key).and_then(|()| check(&parts[1], value))),
            _ => Err(format!("column `{name}` is no map")),
        },
        (data_type, value) if fits_scalar(data_type, value) => Ok(()),
        (data_type, Value::Int(_) | Value::UInt(_) | Value::Decimal { .. }) if is_number(data_type) => Err(
            format!("the number does not fit column `{name}` of type {data_type}"),
        ),
        (data_type, value) => Err(format!(
            "column `{name}` has type {data_type}, not {}",
            value.kind()
        )),
    }
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Decimal128(..))
}

fn fits_scalar(data_type: &DataType, value: &Value) -> bool {
    use DataType::*;
    match (data_type, value) {
        (Boolean, Value::Boolean(_))
        | (Float32 | Float64, Value::Float(_) | Value::Int(_) | Value::UInt(_))
        | (Utf8 | LargeUtf8 | Utf8View, Value::String(_))
        | (Binary | LargeBinary | BinaryView, Value::Binary(_))
        | (Date32, Value::Date(_))
        | (Time32(_) | Time64(_), Value::Time(_))
        | (Timestamp(..), Value::Timestamp(_))
        | (Interval(IntervalUnit::MonthDayNano), Value::Interval { .. }) => true,
        (Decimal128(precision, scale), value) => decimal(value, *precision, *scale).is_some(),
        (_, Value::Int(_) | Value::UInt(_)) => {
            integer(value).is_some_and(|number| fits_integer(data_type, number))
        }
        _ => false,
    }
}

fn fits_integer(data_type: &DataType, number: i128) -> bool {
    match data_type {
        DataType::Int8 => i8::try_from(number).is_ok(),
        DataType::Int16 => i16::try_from(number).is_ok(),
        DataType::Int32 => i32::try_from(number).is_ok(),
        DataType::Int64 => i64::try_from(number).is_ok(),
        DataType::UInt8 => u8::try_from(number).is_ok(),
        DataType::UInt16 => u16::try_from(number).is_ok(),
        DataType::UInt32 => u32::try_from(number).is_ok(),
        DataType::UInt64 => u64::try_from(number).is_ok(),
        _ => false,
    }
}

/// The integer that a value is.
pub(super) fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some((*number).into()),
        Value::UInt(number) => Some((*number).into()),
        _ => None,
    }
}

/// The digits of a number at a scale, if it is exact there and has no more digits than the precision.
pub(super) fn decimal(value: &Value, precision: u8, scale: i8) -> Option<i128> {
    let (unscaled, from_scale) = match value {
        Value::Decimal { unscaled, scale } => (*unscaled, *scale),
        other => (integer(other)?, 0),
    };
    let shift = i32::from(scale) - i32::from(from_scale);
    let power = 10i128.checked_pow(shift.unsigned_abs())?;
    let digits = match shift {
        0.. => unscaled.checked_mul(power)?,
        _ => (unscaled % power == 0).then(|| unscaled / power)?,
    };
    let limit = 10i128.checked_pow(precision.into())?;
    (digits.unsigned_abs() < limit.unsigned_abs()).then_some(digits)
}
