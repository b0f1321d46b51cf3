//! From canonical bytes back to columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, ListArray, MapArray, NullArray,
    PrimitiveArray, StringArray, StructArray, new_null_array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal256Type, Field, FieldRef, Fields, IntervalMonthDayNano, IntervalMonthDayNanoType, i256,
};

use super::order::fixed_width;
use super::word::{fixed_array, from_nanos, to_i64, words_to_array};
use super::{tag, word};
use crate::error::{Error, Result};

/// Builds the columns of keys from their canonical bytes.
pub struct KeyDecoder {
    columns: Vec<Column>,
    row_count: usize,
}

impl KeyDecoder {
    /// A decoder of keys whose columns have these types.
    ///
    /// **Errors** A type cannot be part of a key.
    pub fn new<'a>(data_types: impl IntoIterator<Item = &'a DataType>) -> Result<Self> {
        let columns = data_types.into_iter().map(Column::new).collect::<Result<_>>()?;
        Ok(Self {
            columns,
            row_count: 0,
        })
    }

    /// Takes one key.
    ///
    /// **Errors** The bytes are not a key of these types. The decoder is of no use after that.
    pub fn push(&mut self, key: &[u8]) -> Result<()> {
        let mut input = Input { bytes: key };
        for column in &mut self.columns {
            column.push(&mut input)?;
        }
        if !input.bytes.is_empty() {
            return Err(malformed("has bytes left over"));
        }
        self.row_count += 1;
        Ok(())
    }

    /// Takes a key all of whose columns are NULL.
    pub fn push_null(&mut self) {
        self.columns.iter_mut().for_each(Column::push_null);
        self.row_count += 1;
    }

    /// How many keys it has taken.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// The columns of the keys taken so far; the decoder is empty afterwards.
    ///
    /// **Errors** A value does not fit its column's type.
    pub fn finish(&mut self) -> Result<Vec<ArrayRef>> {
        self.row_count = 0;
        self.columns.iter_mut().map(Column::finish).collect()
    }
}

fn malformed(what: &str) -> Error {
    Error::Columns(format!("a stored key {what}"))
}

struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or_else(|| malformed("is cut short"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or_else(|| malformed("is cut short"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn count(&mut self) -> Result<usize> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    fn word(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn i128(&mut self) -> Result<i128> {
        Ok((u128::from_be_bytes(self.array()?) ^ (1 << 127)) as i128)
    }
}

/// One column, or one child of a nested column, being built.
struct Column {
    data_type: DataType,
    valid: Vec<bool>,
    values: Values,
}

enum Values {
    Null,
    Words(Vec<u64>),
    Nanos(Vec<i128>),
    Decimal(Vec<i256>),
    Boolean(Vec<bool>),
    Interval(Vec<IntervalMonthDayNano>),
    /// Strings and binaries: bytes and ends.
    Bytes(Vec<u8>, Vec<i32>),
    List(Vec<i32>, Box<Column>),
    Struct(Vec<Column>),
    Map(Vec<i32>, Box<(Column, Column)>),
    Dictionary(Box<Column>),
}

impl Column {
    fn new(data_type: &DataType) -> Result<Self> {
        let values = match data_type {
            DataType::Null => Values::Null,
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Time64(_) | DataType::Timestamp(..) | DataType::Duration(_) => {
                Values::Nanos(Vec::new())
            }
            data_type if word::has_words(data_type) => Values::Words(Vec::new()),
            data_type if data_type.is_decimal() => Values::Decimal(Vec::new()),
            DataType::Interval(_) => Values::Interval(Vec::new()),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Values::Bytes(Vec::new(), vec![0]),
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Values::Bytes(Vec::new(), vec![0]),
            DataType::List(field)
            | DataType::LargeList(field)
            | DataType::ListView(field)
            | DataType::LargeListView(field)
            | DataType::FixedSizeList(field, _) => {
                Values::List(vec![0], Box::new(Column::new(field.data_type())?))
            }
            DataType::Struct(fields) => Values::Struct(
                fields
                    .iter()
                    .map(|field| Column::new(field.data_type()))
                    .collect::<Result<_>>()?,
            ),
            DataType::Map(entries, _) => {
                let (key, value) = entry_fields(entries)?;
                Values::Map(
                    vec![0],
                    Box::new((Column::new(key.data_type())?, Column::new(value.data_type())?)),
                )
            }
            DataType::Dictionary(_, values) => Values::Dictionary(Box::new(Column::new(values)?)),
            other => {
                return Err(Error::Columns(format!(
                    "a column of type {other} cannot be part of a key"
                )));
            }
        };
        Ok(Self {
            data_type: data_type.clone(),
            valid: Vec::new(),
            values,
        })
    }

    fn push(&mut self, input: &mut Input<'_>) -> Result<()> {
        if let Values::Dictionary(values) = &mut self.values {
            return values.push(input);
        }
        let [tag] = input.array()?;
        if tag == tag::NULL {
            self.push_null();
            return Ok(());
        }
        self.valid.push(true);
        match &mut self.values {
            Values::Boolean(values) => {
                expect(tag == tag::BOOLEAN)?;
                values.push(input.array::<1>()?[0] != 0);
            }
            Values::Words(values) => {
                expect(fixed_width(tag) == 8)?;
                values.push(input.word()?);
            }
            Values::Nanos(values) => values.push(match tag {
                tag::TIME | tag::INSTANT | tag::DURATION => i128::from(to_i64(input.word()?)) * 1_000,
                tag::TIME_FINE | tag::INSTANT_FINE | tag::DURATION_FINE => input.i128()?,
                _ => return Err(malformed("has a value of another type")),
            }),
            Values::Decimal(values) => values.push(read_decimal(tag, input)?),
            Values::Interval(values) => {
                expect(tag == tag::INTERVAL)?;
                let months = (u32::from_be_bytes(input.array()?) ^ (1 << 31)) as i32;
                let days = (u32::from_be_bytes(input.array()?) ^ (1 << 31)) as i32;
                values.push(IntervalMonthDayNano::new(months, days, to_i64(input.word()?)));
            }
            Values::Bytes(bytes, ends) => {
                expect(tag == tag::STRING || tag == tag::BINARY)?;
                let length = input.count()?;
                bytes.extend_from_slice(input.take(length)?);
                ends.push(end_of(bytes.len())?);
            }
            Values::List(ends, child) => {
                expect(tag == tag::LIST)?;
                for _ in 0..input.count()? {
                    child.push(input)?;
                }
                ends.push(end_of(child.len())?);
            }
            Values::Struct(children) => {
                expect(tag == tag::STRUCT && input.count()? == children.len())?;
                for child in children {
                    child.push(input)?;
                }
            }
            Values::Map(ends, entries) => {
                expect(tag == tag::MAP)?;
                for _ in 0..input.count()? {
                    entries.0.push(input)?;
                    entries.1.push(input)?;
                }
                ends.push(end_of(entries.0.len())?);
            }
            Values::Null | Values::Dictionary(_) => return Err(malformed("has a value where NULL is due")),
        }
        Ok(())
    }

    fn push_null(&mut self) {
        self.valid.push(false);
        match &mut self.values {
            Values::Null => {}
            Values::Words(values) => values.push(0),
            Values::Nanos(values) => values.push(0),
            Values::Decimal(values) => values.push(i256::ZERO),
            Values::Boolean(values) => values.push(false),
            Values::Interval(values) => values.push(IntervalMonthDayNano::default()),
            Values::Bytes(_, ends) => ends.push(ends.last().copied().unwrap_or(0)),
            Values::List(ends, child) => {
                // A list of fixed size keeps its place also where it is NULL.
                if let DataType::FixedSizeList(_, size) = &self.data_type {
                    (0..*size).for_each(|_| child.push_null());
                }
                ends.push(child.len() as i32);
            }
            Values::Struct(children) => children.iter_mut().for_each(Column::push_null),
            Values::Map(ends, entries) => ends.push(entries.0.len() as i32),
            Values::Dictionary(values) => values.push_null(),
        }
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Dictionary(values) => values.len(),
            _ => self.valid.len(),
        }
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        let valid = std::mem::take(&mut self.valid);
        let length = valid.len();
        let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
        let data_type = &self.data_type;
        let array: ArrayRef = match &mut self.values {
            Values::Null => Arc::new(NullArray::new(length)),
            Values::Words(values) => words_to_array(data_type, &std::mem::take(values), nulls)?,
            Values::Nanos(values) => times_to_array(data_type, &std::mem::take(values), nulls)?,
            Values::Decimal(values) => decimals_to_array(data_type, &std::mem::take(values), nulls)?,
            Values::Boolean(values) => Arc::new(BooleanArray::new(std::mem::take(values).into(), nulls)),
            Values::Interval(values) => Arc::new(PrimitiveArray::<IntervalMonthDayNanoType>::new(
                std::mem::take(values).into(),
                nulls,
            )),
            Values::Bytes(bytes, ends) => {
                let offsets = OffsetBuffer::new(std::mem::replace(ends, vec![0]).into());
                let bytes = Buffer::from_vec(std::mem::take(bytes));
                match data_type {
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                        Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
                    }
                    _ => Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?),
                }
            }
            Values::List(ends, child) => {
                let offsets = OffsetBuffer::new(std::mem::replace(ends, vec![0]).into());
                list_array(data_type, offsets, child.finish()?, nulls)?
            }
            Values::Struct(children) => {
                let columns = children
                    .iter_mut()
                    .map(Column::finish)
                    .collect::<Result<Vec<_>>>()?;
                let DataType::Struct(fields) = data_type else {
                    return Err(malformed("is no struct"));
                };
                struct_array(fields.clone(), columns, nulls, length)?
            }
            Values::Map(ends, entries) => {
                let DataType::Map(field, ordered) = data_type else {
                    return Err(malformed("is no map"));
                };
                let DataType::Struct(fields) = field.data_type() else {
                    return Err(malformed("is no map"));
                };
                let (keys, values) = (entries.0.finish()?, entries.1.finish()?);
                let count = keys.len();
                let entries =
                    StructArray::try_new_with_length(fields.clone(), vec![keys, values], None, count)?;
                let offsets = OffsetBuffer::new(std::mem::replace(ends, vec![0]).into());
                Arc::new(MapArray::try_new(
                    field.clone(),
                    offsets,
                    entries,
                    nulls,
                    *ordered,
                )?)
            }
            Values::Dictionary(values) => values.finish()?,
        };
        if array.data_type() == data_type {
            Ok(array)
        } else {
            Ok(cast(&array, data_type)?)
        }
    }
}

fn expect(condition: bool) -> Result<()> {
    if condition {
        Ok(())
    } else {
        Err(malformed("has a value of another type"))
    }
}

fn end_of(length: usize) -> Result<i32> {
    i32::try_from(length).map_err(|_| Error::Columns("key columns of more than 2 GiB".into()))
}

fn entry_fields(entries: &Field) -> Result<(FieldRef, FieldRef)> {
    match entries.data_type() {
        DataType::Struct(fields) if fields.len() == 2 => Ok((fields[0].clone(), fields[1].clone())),
        _ => Err(Error::Bug("a map's entries are not pairs".into())),
    }
}

fn read_decimal(tag: u8, input: &mut Input<'_>) -> Result<i256> {
    let [_scale] = input.array()?;
    match tag {
        tag::DECIMAL => Ok(i256::from_i128(input.i128()?)),
        tag::DECIMAL_WIDE => {
            let mut bytes = input.array::<32>()?;
            bytes[0] ^= 0x80;
            Ok(i256::from_be_bytes(bytes))
        }
        _ => Err(malformed("has a value of another type")),
    }
}

fn times_to_array(data_type: &DataType, nanos: &[i128], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let (DataType::Time64(unit) | DataType::Timestamp(unit, _) | DataType::Duration(unit)) = data_type else {
        return Err(malformed("is no time"));
    };
    let values = nanos
        .iter()
        .map(|nanos| from_nanos(*nanos, *unit))
        .collect::<Vec<i64>>();
    fixed_array(data_type, values.len(), Buffer::from_vec(values), nulls)
}

fn decimals_to_array(data_type: &DataType, values: &[i256], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let narrow = |value: &i256| {
        value
            .to_i128()
            .ok_or_else(|| malformed("has a decimal out of range"))
    };
    let buffer = match data_type {
        DataType::Decimal256(precision, scale) => {
            let array = PrimitiveArray::<Decimal256Type>::new(values.to_vec().into(), nulls);
            return Ok(Arc::new(array.with_precision_and_scale(*precision, *scale)?));
        }
        DataType::Decimal128(..) => {
            Buffer::from_vec(values.iter().map(narrow).collect::<Result<Vec<i128>>>()?)
        }
        DataType::Decimal64(..) => Buffer::from_vec(
            values
                .iter()
                .map(|value| narrow(value).map(|value| value as i64))
                .collect::<Result<Vec<i64>>>()?,
        ),
        _ => Buffer::from_vec(
            values
                .iter()
                .map(|value| narrow(value).map(|value| value as i32))
                .collect::<Result<Vec<i32>>>()?,
        ),
    };
    fixed_array(data_type, values.len(), buffer, nulls)
}

fn list_array(
    data_type: &DataType,
    offsets: OffsetBuffer<i32>,
    values: ArrayRef,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    match data_type {
        DataType::FixedSizeList(field, size) => {
            let length = offsets.len() - 1;
            let list = FixedSizeListArray::try_new_with_length(field.clone(), *size, values, nulls, length)?;
            Ok(Arc::new(list))
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field) => Ok(Arc::new(ListArray::try_new(
            field.clone(),
            offsets,
            values,
            nulls,
        )?)),
        other => Ok(new_null_array(other, 0)),
    }
}

fn struct_array(
    fields: Fields,
    columns: Vec<ArrayRef>,
    nulls: Option<NullBuffer>,
    length: usize,
) -> Result<ArrayRef> {
    Ok(Arc::new(StructArray::try_new_with_length(
        fields, columns, nulls, length,
    )?))
}

#[cfg(test)]
#[path = "decode_test.rs"]
mod tests;
