//! A column under construction becomes an array.

use std::sync::Arc;

use arrow::array::types::*;
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, TimeUnit};
use eventflux_core::Result;

use super::{Column, Text, Values};

impl Column {
    /// The values as an array; the column is empty afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef> {
        let nulls = self.nulls.finish();
        let data_type = self.field.data_type();
        Ok(match &mut self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::new(std::mem::take(values).into(), nulls)),
            Values::Int8(values) => primitive::<Int8Type>(values, nulls, data_type),
            Values::Int16(values) => primitive::<Int16Type>(values, nulls, data_type),
            Values::Int32(values) => primitive::<Int32Type>(values, nulls, data_type),
            Values::Int64(values) => primitive::<Int64Type>(values, nulls, data_type),
            Values::UInt8(values) => primitive::<UInt8Type>(values, nulls, data_type),
            Values::UInt16(values) => primitive::<UInt16Type>(values, nulls, data_type),
            Values::UInt32(values) => primitive::<UInt32Type>(values, nulls, data_type),
            Values::UInt64(values) => primitive::<UInt64Type>(values, nulls, data_type),
            Values::Float32(values) => primitive::<Float32Type>(values, nulls, data_type),
            Values::Float64(values) => primitive::<Float64Type>(values, nulls, data_type),
            Values::Decimal(values, ..) => primitive::<Decimal128Type>(values, nulls, data_type),
            Values::Date(values) => primitive::<Date32Type>(values, nulls, data_type),
            Values::Time(values, TimeUnit::Nanosecond) => {
                primitive::<Time64NanosecondType>(values, nulls, data_type)
            }
            Values::Time(values, TimeUnit::Microsecond) => {
                primitive::<Time64MicrosecondType>(values, nulls, data_type)
            }
            Values::Time(values, TimeUnit::Millisecond) => {
                primitive::<Time32MillisecondType>(&mut seconds_of_day(values), nulls, data_type)
            }
            Values::Time(values, TimeUnit::Second) => {
                primitive::<Time32SecondType>(&mut seconds_of_day(values), nulls, data_type)
            }
            Values::Timestamp(values, unit) => match unit {
                TimeUnit::Second => primitive::<TimestampSecondType>(values, nulls, data_type),
                TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(values, nulls, data_type),
                TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(values, nulls, data_type),
                TimeUnit::Nanosecond => primitive::<TimestampNanosecondType>(values, nulls, data_type),
            },
            Values::String(text) | Values::Json(text) => {
                let (offsets, data) = finish_text(text);
                // Checks UTF-8 once more, at memory speed; a decoder's mistake becomes an error and not a wrong string.
                Arc::new(StringArray::try_new(offsets, data.into(), nulls)?)
            }
            Values::Binary(text) => {
                let (offsets, data) = finish_text(text);
                Arc::new(BinaryArray::try_new(offsets, data.into(), nulls)?)
            }
            Values::List(ends, item) => {
                let DataType::List(field) = data_type else {
                    return Err(mistyped(data_type));
                };
                Arc::new(ListArray::try_new(
                    Arc::clone(field),
                    offsets_of(ends),
                    item.finish()?,
                    nulls,
                )?)
            }
            Values::Map(ends, keys, values) => {
                let DataType::Map(entries, is_sorted) = data_type else {
                    return Err(mistyped(data_type));
                };
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(mistyped(data_type));
                };
                let pairs =
                    StructArray::try_new(fields.clone(), vec![keys.finish()?, values.finish()?], None)?;
                Arc::new(MapArray::try_new(
                    Arc::clone(entries),
                    offsets_of(ends),
                    pairs,
                    nulls,
                    *is_sorted,
                )?)
            }
            Values::Struct(count, columns) => {
                let DataType::Struct(fields) = data_type else {
                    return Err(mistyped(data_type));
                };
                let length = std::mem::take(count);
                let arrays = columns.iter_mut().map(Column::finish).collect::<Result<_>>()?;
                Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    arrays,
                    nulls,
                    length,
                )?)
            }
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
    data_type: &DataType,
) -> ArrayRef {
    let fresh = Vec::with_capacity(values.len());
    let values = std::mem::replace(values, fresh);
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls).with_data_type(data_type.clone()))
}

/// Times of day of 32 bits; they were checked to be below a day.
fn seconds_of_day(values: &mut Vec<i64>) -> Vec<i32> {
    values.drain(..).map(|value| value as i32).collect()
}

fn finish_text(text: &mut Text) -> (OffsetBuffer<i32>, Vec<u8>) {
    let data = Vec::with_capacity(text.data.len());
    (
        offsets_of(&mut text.offsets),
        std::mem::replace(&mut text.data, data),
    )
}

fn offsets_of(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let mut fresh = Vec::with_capacity(ends.len());
    fresh.push(0);
    OffsetBuffer::new(std::mem::replace(ends, fresh).into())
}

fn mistyped(data_type: &DataType) -> eventflux_core::Error {
    eventflux_core::Error::Bug(format!("values of another type in a column of {data_type}"))
}
