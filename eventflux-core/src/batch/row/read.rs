//! Values from columns.

use arrow::array::{Array, AsArray};
use arrow::datatypes::*;

use super::Value;
use crate::error::{Error, Result};

impl Value {
    /// The value of one row of a column.
    ///
    /// **Errors** The column's type is none that values have.
    pub fn read(column: &dyn Array, row: usize) -> Result<Self> {
        if column.is_null(row) {
            return Ok(Value::Null);
        }
        if let Some(number) = read_integer(column, row) {
            return Ok(number);
        }
        Ok(match column.data_type() {
            DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
            DataType::Float32 => Value::Float(column.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(_, scale) => Value::Decimal {
                unscaled: column.as_primitive::<Decimal128Type>().value(row),
                scale: *scale,
            },
            DataType::Utf8 => Value::String(column.as_string::<i32>().value(row).to_owned()),
            DataType::LargeUtf8 => Value::String(column.as_string::<i64>().value(row).to_owned()),
            DataType::Utf8View => Value::String(column.as_string_view().value(row).to_owned()),
            DataType::Binary => Value::Binary(column.as_binary::<i32>().value(row).to_vec()),
            DataType::LargeBinary => Value::Binary(column.as_binary::<i64>().value(row).to_vec()),
            DataType::BinaryView => Value::Binary(column.as_binary_view().value(row).to_vec()),
            DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                let interval = column.as_primitive::<IntervalMonthDayNanoType>().value(row);
                let IntervalMonthDayNano {
                    months,
                    days,
                    nanoseconds,
                } = interval;
                Value::Interval {
                    months,
                    days,
                    nanoseconds,
                }
            }
            DataType::List(_) => Value::List(read_all(column.as_list::<i32>().value(row).as_ref())?),
            DataType::LargeList(_) => Value::List(read_all(column.as_list::<i64>().value(row).as_ref())?),
            DataType::Struct(_) => {
                let parts = column.as_struct().columns().iter();
                Value::Struct(
                    parts
                        .map(|part| Value::read(part.as_ref(), row))
                        .collect::<Result<_>>()?,
                )
            }
            DataType::Map(..) => {
                let entries = column.as_map().value(row);
                let keys = read_all(entries.column(0).as_ref())?;
                let values = read_all(entries.column(1).as_ref())?;
                Value::Map(keys.into_iter().zip(values).collect())
            }
            other => {
                read_time(column, row).ok_or_else(|| Error::Columns(format!("no value has type {other}")))?
            }
        })
    }
}

fn read_all(column: &dyn Array) -> Result<Vec<Value>> {
    (0..column.len()).map(|row| Value::read(column, row)).collect()
}

fn read_integer(column: &dyn Array, row: usize) -> Option<Value> {
    Some(match column.data_type() {
        DataType::Int8 => Value::from(column.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => Value::from(column.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => Value::from(column.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Value::from(column.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Value::from(column.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => Value::from(column.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => Value::from(column.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => Value::from(column.as_primitive::<UInt64Type>().value(row)),
        _ => return None,
    })
}

fn read_time(column: &dyn Array, row: usize) -> Option<Value> {
    use TimeUnit::*;
    Some(match column.data_type() {
        DataType::Time32(Second) => {
            Value::Time(i64::from(column.as_primitive::<Time32SecondType>().value(row)) * 1_000_000)
        }
        DataType::Time32(Millisecond) => {
            Value::Time(i64::from(column.as_primitive::<Time32MillisecondType>().value(row)) * 1_000)
        }
        DataType::Time64(Microsecond) => {
            Value::Time(column.as_primitive::<Time64MicrosecondType>().value(row))
        }
        DataType::Time64(Nanosecond) => Value::Time(
            column
                .as_primitive::<Time64NanosecondType>()
                .value(row)
                .div_euclid(1_000),
        ),
        DataType::Timestamp(Second, _) => Value::Timestamp(
            column
                .as_primitive::<TimestampSecondType>()
                .value(row)
                .saturating_mul(1_000_000),
        ),
        DataType::Timestamp(Millisecond, _) => Value::Timestamp(
            column
                .as_primitive::<TimestampMillisecondType>()
                .value(row)
                .saturating_mul(1_000),
        ),
        DataType::Timestamp(Microsecond, _) => {
            Value::Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Timestamp(Nanosecond, _) => Value::Timestamp(
            column
                .as_primitive::<TimestampNanosecondType>()
                .value(row)
                .div_euclid(1_000),
        ),
        _ => return None,
    })
}
