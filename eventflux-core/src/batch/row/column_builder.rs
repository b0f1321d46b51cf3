//! A column that grows value by value.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BinaryViewBuilder, BooleanBuilder, Decimal128Builder,
    LargeBinaryBuilder, LargeStringBuilder, ListArray, MapArray, PrimitiveBuilder, StringBuilder,
    StringViewBuilder, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;

use super::Value;
use super::fit::{decimal, integer};
use crate::error::{Error, Result};

/// Builds the column of one field. Values have been checked against it.
pub(super) struct ColumnBuilder {
    push: Push,
}

/// How a value gets into the column, by its type.
enum Push {
    Scalar(Box<dyn ScalarColumn>),
    /// One child per field; whether each row is valid.
    Struct(Fields, Vec<ColumnBuilder>, Vec<bool>),
    /// Lengths, children (one of a list, key and value of a map), and whether each row is valid.
    Repeated(FieldRef, Shape, Vec<usize>, Vec<ColumnBuilder>, Vec<bool>),
}

enum Shape {
    List,
    Map { is_ordered: bool },
}

trait ScalarColumn: Send {
    fn push(&mut self, value: &Value);
    fn finish(&mut self) -> ArrayRef;
}

/// A builder and how it takes a value; a value that it does not take is a NULL.
struct Scalar<B, F> {
    builder: B,
    append: F,
}

impl<B: ArrayBuilder, F: FnMut(&mut B, &Value) + Send> ScalarColumn for Scalar<B, F> {
    fn push(&mut self, value: &Value) {
        (self.append)(&mut self.builder, value);
    }

    fn finish(&mut self) -> ArrayRef {
        self.builder.finish()
    }
}

fn scalar<B: ArrayBuilder>(builder: B, append: impl FnMut(&mut B, &Value) + Send + 'static) -> Push {
    Push::Scalar(Box::new(Scalar { builder, append }))
}

fn primitive<T: ArrowPrimitiveType>(
    data_type: &DataType,
    value: impl Fn(&Value) -> Option<T::Native> + Send + 'static,
) -> Push {
    let builder = PrimitiveBuilder::<T>::new().with_data_type(data_type.clone());
    scalar(builder, move |builder, given| builder.append_option(value(given)))
}

fn number<T: ArrowPrimitiveType>(data_type: &DataType) -> Push
where
    T::Native: TryFrom<i128>,
{
    primitive::<T>(data_type, |value| {
        integer(value).and_then(|number| number.try_into().ok())
    })
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        other => integer(other).map(|number| number as f64),
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Binary(bytes) => Some(bytes),
        _ => None,
    }
}

/// Microseconds of a time of day or an instant, in a unit.
fn ticks(value: &Value, unit: TimeUnit) -> Option<i64> {
    let (Value::Time(us) | Value::Timestamp(us)) = value else {
        return None;
    };
    Some(match unit {
        TimeUnit::Second => us.div_euclid(1_000_000),
        TimeUnit::Millisecond => us.div_euclid(1_000),
        TimeUnit::Microsecond => *us,
        TimeUnit::Nanosecond => us.saturating_mul(1_000),
    })
}

fn ticks_i32(value: &Value, unit: TimeUnit) -> Option<i32> {
    ticks(value, unit).and_then(|ticks| ticks.try_into().ok())
}

impl ColumnBuilder {
    /// **Errors** There is no value of this type.
    pub(super) fn new(field: &Field) -> Result<Self> {
        Ok(Self {
            push: push_of(field)?,
        })
    }

    pub(super) fn push(&mut self, value: &Value) {
        match &mut self.push {
            Push::Scalar(column) => column.push(value),
            Push::Struct(_, children, valid) => {
                let values = match value {
                    Value::Struct(values) => values.as_slice(),
                    _ => &[],
                };
                for (position, child) in children.iter_mut().enumerate() {
                    child.push(values.get(position).unwrap_or(&Value::Null));
                }
                valid.push(!matches!(value, Value::Null));
            }
            Push::Repeated(_, _, lengths, children, valid) => {
                let length = match value {
                    Value::List(values) => {
                        values.iter().for_each(|value| children[0].push(value));
                        values.len()
                    }
                    Value::Map(entries) => {
                        for (key, value) in entries {
                            children[0].push(key);
                            children[1].push(value);
                        }
                        entries.len()
                    }
                    _ => 0,
                };
                lengths.push(length);
                valid.push(!matches!(value, Value::Null));
            }
        }
    }

    pub(super) fn finish(&mut self) -> Result<ArrayRef> {
        Ok(match &mut self.push {
            Push::Scalar(column) => column.finish(),
            Push::Struct(fields, children, valid) => {
                let columns = children
                    .iter_mut()
                    .map(ColumnBuilder::finish)
                    .collect::<Result<Vec<_>>>()?;
                let nulls = nulls(valid);
                let length = nulls.len();
                Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    columns,
                    Some(nulls),
                    length,
                )?)
            }
            Push::Repeated(field, shape, lengths, children, valid) => {
                let offsets = OffsetBuffer::from_lengths(std::mem::take(lengths));
                let nulls = Some(nulls(valid));
                let mut columns = children
                    .iter_mut()
                    .map(ColumnBuilder::finish)
                    .collect::<Result<Vec<_>>>()?;
                match (shape, field.data_type()) {
                    (Shape::Map { is_ordered }, DataType::Struct(parts)) => {
                        let entries = StructArray::try_new(parts.clone(), columns, None)?;
                        Arc::new(MapArray::try_new(
                            Arc::clone(field),
                            offsets,
                            entries,
                            nulls,
                            *is_ordered,
                        )?)
                    }
                    _ => Arc::new(ListArray::try_new(
                        Arc::clone(field),
                        offsets,
                        columns.remove(0),
                        nulls,
                    )?),
                }
            }
        })
    }
}

fn nulls(valid: &mut Vec<bool>) -> NullBuffer {
    NullBuffer::from(std::mem::take(valid))
}

fn push_of(field: &Field) -> Result<Push> {
    let data_type = field.data_type();
    Ok(match data_type {
        DataType::Boolean => scalar(BooleanBuilder::new(), |builder, value| {
            builder.append_option(if let Value::Boolean(value) = value {
                Some(*value)
            } else {
                None
            });
        }),
        DataType::Int8 => number::<Int8Type>(data_type),
        DataType::Int16 => number::<Int16Type>(data_type),
        DataType::Int32 => number::<Int32Type>(data_type),
        DataType::Int64 => number::<Int64Type>(data_type),
        DataType::UInt8 => number::<UInt8Type>(data_type),
        DataType::UInt16 => number::<UInt16Type>(data_type),
        DataType::UInt32 => number::<UInt32Type>(data_type),
        DataType::UInt64 => number::<UInt64Type>(data_type),
        DataType::Float32 => {
            primitive::<Float32Type>(data_type, |value| float(value).map(|number| number as f32))
        }
        DataType::Float64 => primitive::<Float64Type>(data_type, float),
        DataType::Decimal128(precision, scale) => {
            let (precision, scale) = (*precision, *scale);
            let builder = Decimal128Builder::new().with_data_type(data_type.clone());
            scalar(builder, move |builder, value| {
                builder.append_option(decimal(value, precision, scale))
            })
        }
        DataType::Utf8 => scalar(StringBuilder::new(), |builder, value| {
            builder.append_option(text(value))
        }),
        DataType::LargeUtf8 => scalar(LargeStringBuilder::new(), |builder, value| {
            builder.append_option(text(value))
        }),
        DataType::Utf8View => scalar(StringViewBuilder::new(), |builder, value| {
            builder.append_option(text(value))
        }),
        DataType::Binary => scalar(BinaryBuilder::new(), |builder, value| {
            builder.append_option(bytes(value))
        }),
        DataType::LargeBinary => scalar(LargeBinaryBuilder::new(), |builder, value| {
            builder.append_option(bytes(value))
        }),
        DataType::BinaryView => scalar(BinaryViewBuilder::new(), |builder, value| {
            builder.append_option(bytes(value))
        }),
        DataType::Date32 => primitive::<Date32Type>(data_type, |value| match value {
            Value::Date(days) => Some(*days),
            _ => None,
        }),
        DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..) => time_push(data_type),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            primitive::<IntervalMonthDayNanoType>(data_type, |value| match value {
                Value::Interval {
                    months,
                    days,
                    nanoseconds,
                } => Some(IntervalMonthDayNano::new(*months, *days, *nanoseconds)),
                _ => None,
            })
        }
        DataType::Struct(fields) => Push::Struct(fields.clone(), children(fields)?, Vec::new()),
        DataType::List(item) => {
            let children = vec![ColumnBuilder::new(item)?];
            Push::Repeated(Arc::clone(item), Shape::List, Vec::new(), children, Vec::new())
        }
        DataType::Map(entries, is_ordered) if matches!(entries.data_type(), DataType::Struct(_)) => {
            let DataType::Struct(parts) = entries.data_type() else {
                return Err(no_values(field));
            };
            let shape = Shape::Map {
                is_ordered: *is_ordered,
            };
            Push::Repeated(
                Arc::clone(entries),
                shape,
                Vec::new(),
                children(parts)?,
                Vec::new(),
            )
        }
        _ => return Err(no_values(field)),
    })
}

fn time_push(data_type: &DataType) -> Push {
    use TimeUnit::*;
    match data_type {
        DataType::Time32(Second) => {
            primitive::<Time32SecondType>(data_type, |value| ticks_i32(value, Second))
        }
        DataType::Time32(_) => {
            primitive::<Time32MillisecondType>(data_type, |value| ticks_i32(value, Millisecond))
        }
        DataType::Time64(Nanosecond) => {
            primitive::<Time64NanosecondType>(data_type, |value| ticks(value, Nanosecond))
        }
        DataType::Time64(_) => {
            primitive::<Time64MicrosecondType>(data_type, |value| ticks(value, Microsecond))
        }
        DataType::Timestamp(Second, _) => {
            primitive::<TimestampSecondType>(data_type, |value| ticks(value, Second))
        }
        DataType::Timestamp(Millisecond, _) => {
            primitive::<TimestampMillisecondType>(data_type, |value| ticks(value, Millisecond))
        }
        DataType::Timestamp(Nanosecond, _) => {
            primitive::<TimestampNanosecondType>(data_type, |value| ticks(value, Nanosecond))
        }
        _ => primitive::<TimestampMicrosecondType>(data_type, |value| ticks(value, Microsecond)),
    }
}

fn children(fields: &Fields) -> Result<Vec<ColumnBuilder>> {
    fields.iter().map(|field| ColumnBuilder::new(field)).collect()
}

fn no_values(field: &Field) -> Error {
    Error::Columns(format!(
        "column `{}` of type {} cannot be built from values",
        field.name(),
        field.data_type()
    ))
}
