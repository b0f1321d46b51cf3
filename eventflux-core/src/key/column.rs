//! One column of a key, ready to write the canonical bytes of any of its rows.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BinaryViewArray, BooleanArray,
    FixedSizeBinaryArray, LargeBinaryArray, LargeStringArray, OffsetSizeTrait, PrimitiveArray, StringArray,
    StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time64NanosecondType, TimeUnit, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};

use super::tag;
use super::word::{WordColumn, from_i64};
use crate::error::{Error, Result};

/// A column of a key. Types are resolved when it is made, not per row.
pub struct KeyColumn<'a> {
    form: Form<'a>,
    nulls: Option<NullBuffer>,
}

/// Whether floats that `GROUP BY` puts together have the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Floats {
    Grouped,
    Exact,
}

enum Form<'a> {
    Null,
    Words(WordColumn<'a>),
    Boolean(&'a BooleanArray),
    /// Values in nanoseconds, some of which are not whole microseconds: (plain tag, fine tag, values).
    Fine(u8, u8, Vec<i128>),
    Decimal(i8, Vec<i128>),
    WideDecimal(i8, &'a PrimitiveArray<Decimal256Type>),
    Interval(Vec<(i32, i32, i64)>),
    String(&'a StringArray),
    LargeString(&'a LargeStringArray),
    StringView(&'a StringViewArray),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    FixedBinary(&'a FixedSizeBinaryArray),
    Dictionary(Box<KeyColumn<'a>>, Vec<usize>),
    /// Ranges of elements in the child; the tag says whether it is a list or a map.
    List(u8, Vec<(usize, usize)>, Box<KeyColumn<'a>>),
    Struct(Vec<KeyColumn<'a>>),
    /// Struct entries of a map: key, then value, without a tag of their own.
    Entries(Vec<KeyColumn<'a>>),
}

impl<'a> KeyColumn<'a> {
    /// A column as part of a key.
    ///
    /// **Errors** Its type cannot be a key (unions, run-end encoded columns).
    pub fn new(array: &'a dyn Array) -> Result<Self> {
        Self::with(array, Floats::Grouped)
    }

    /// A column whose values come back as they are, also -0.0 and each NaN: for rows that are kept, not compared.
    ///
    /// **Errors** As [`KeyColumn::new`].
    pub fn exact(array: &'a dyn Array) -> Result<Self> {
        Self::with(array, Floats::Exact)
    }

    fn with(array: &'a dyn Array, floats: Floats) -> Result<Self> {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        let form = Form::of(array, floats)?;
        Ok(Self { form, nulls })
    }

    /// The columns at these indices.
    ///
    /// **Errors** As [`KeyColumn::new`].
    pub fn of_columns(columns: &'a [ArrayRef], indices: &[usize]) -> Result<Vec<Self>> {
        indices
            .iter()
            .map(|index| Self::new(columns[*index].as_ref()))
            .collect()
    }

    /// The column's words, if all its values have one.
    pub(super) fn words(&self) -> Option<&WordColumn<'a>> {
        match &self.form {
            Form::Words(words) => Some(words),
            _ => None,
        }
    }

    /// Appends the canonical bytes of one row's value.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.push(tag::NULL);
            return;
        }
        match &self.form {
            Form::Null => out.push(tag::NULL),
            Form::Words(words) => write_word(words.tag, words.words[row], out),
            Form::Boolean(array) => out.extend_from_slice(&[tag::BOOLEAN, u8::from(array.value(row))]),
            Form::Fine(plain, fine, nanos) => write_nanos(*plain, *fine, nanos[row], out),
            Form::Decimal(scale, values) => write_decimal(*scale, values[row], out),
            Form::WideDecimal(scale, array) => match array.value(row).to_i128() {
                Some(value) => write_decimal(*scale, value, out),
                None => write_wide_decimal(*scale, array.value(row), out),
            },
            Form::Interval(values) => {
                let (months, days, nanos) = values[row];
                out.push(tag::INTERVAL);
                out.extend_from_slice(&((months as u32) ^ (1 << 31)).to_be_bytes());
                out.extend_from_slice(&((days as u32) ^ (1 << 31)).to_be_bytes());
                out.extend_from_slice(&from_i64(nanos).to_be_bytes());
            }
            Form::String(array) => write_bytes(tag::STRING, array.value(row).as_bytes(), out),
            Form::LargeString(array) => write_bytes(tag::STRING, array.value(row).as_bytes(), out),
            Form::StringView(array) => write_bytes(tag::STRING, array.value(row).as_bytes(), out),
            Form::Binary(array) => write_bytes(tag::BINARY, array.value(row), out),
            Form::LargeBinary(array) => write_bytes(tag::BINARY, array.value(row), out),
            Form::BinaryView(array) => write_bytes(tag::BINARY, array.value(row), out),
            Form::FixedBinary(array) => write_bytes(tag::BINARY, array.value(row), out),
            Form::Dictionary(values, rows) => values.write(rows[row], out),
            Form::List(tag, ranges, child) => {
                let (start, end) = ranges[row];
                out.push(*tag);
                out.extend_from_slice(&((end - start) as u32).to_be_bytes());
                (start..end).for_each(|element| child.write(element, out));
            }
            Form::Struct(fields) => {
                out.push(tag::STRUCT);
                out.extend_from_slice(&(fields.len() as u32).to_be_bytes());
                fields.iter().for_each(|field| field.write(row, out));
            }
            Form::Entries(fields) => fields.iter().for_each(|field| field.write(row, out)),
        }
    }
}

/// Appends a word under its tag.
pub(super) fn write_word(tag: u8, word: u64, out: &mut Vec<u8>) {
    let mut bytes = [tag; 9];
    bytes[1..].copy_from_slice(&word.to_be_bytes());
    out.extend_from_slice(&bytes);
}

/// Appends delimited bytes under their tag.
pub(super) fn write_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn write_nanos(plain: u8, fine: u8, nanos: i128, out: &mut Vec<u8>) {
    match i64::try_from(nanos.div_euclid(1_000)) {
        Ok(micros) if nanos.rem_euclid(1_000) == 0 => write_word(plain, from_i64(micros), out),
        _ => {
            out.push(fine);
            out.extend_from_slice(&sortable(nanos));
        }
    }
}

fn write_decimal(scale: i8, value: i128, out: &mut Vec<u8>) {
    out.extend_from_slice(&[tag::DECIMAL, scale as u8]);
    out.extend_from_slice(&sortable(value));
}

fn write_wide_decimal(scale: i8, value: i256, out: &mut Vec<u8>) {
    let mut bytes = value.to_be_bytes();
    bytes[0] ^= 0x80;
    out.extend_from_slice(&[tag::DECIMAL_WIDE, scale as u8]);
    out.extend_from_slice(&bytes);
}

fn sortable(value: i128) -> [u8; 16] {
    ((value as u128) ^ (1 << 127)).to_be_bytes()
}

impl<'a> Form<'a> {
    fn of(array: &'a dyn Array, floats: Floats) -> Result<Self> {
        if floats == Floats::Exact
            && let Some(words) = WordColumn::exact_floats(array)
        {
            return Ok(Form::Words(words));
        }
        if let Some(words) = WordColumn::of(array) {
            return Ok(Form::Words(words));
        }
        Ok(match array.data_type() {
            DataType::Null => Form::Null,
            DataType::Boolean => Form::Boolean(array.as_boolean()),
            DataType::Time64(_) => {
                Form::Fine(tag::TIME, tag::TIME_FINE, nanos::<Time64NanosecondType>(array, 1))
            }
            DataType::Timestamp(unit, _) => {
                Form::Fine(tag::INSTANT, tag::INSTANT_FINE, instant_nanos(array, *unit))
            }
            DataType::Duration(unit) => {
                Form::Fine(tag::DURATION, tag::DURATION_FINE, duration_nanos(array, *unit))
            }
            DataType::Decimal32(_, scale) => Form::Decimal(*scale, nanos::<Decimal32Type>(array, 1)),
            DataType::Decimal64(_, scale) => Form::Decimal(*scale, nanos::<Decimal64Type>(array, 1)),
            DataType::Decimal128(_, scale) => Form::Decimal(*scale, nanos::<Decimal128Type>(array, 1)),
            DataType::Decimal256(_, scale) => Form::WideDecimal(*scale, array.as_primitive()),
            DataType::Interval(unit) => Form::Interval(intervals(array, *unit)),
            DataType::Utf8 => Form::String(array.as_string()),
            DataType::LargeUtf8 => Form::LargeString(array.as_string()),
            DataType::Utf8View => Form::StringView(array.as_string_view()),
            DataType::Binary => Form::Binary(array.as_binary()),
            DataType::LargeBinary => Form::LargeBinary(array.as_binary()),
            DataType::BinaryView => Form::BinaryView(array.as_binary_view()),
            DataType::FixedSizeBinary(_) => Form::FixedBinary(array.as_fixed_size_binary()),
            DataType::Dictionary(..) => dictionary(array, floats)?,
            DataType::Struct(_) => Form::Struct(fields(array.as_struct().columns(), floats)?),
            DataType::Map(..) => {
                let map = array.as_map();
                let entries = KeyColumn {
                    form: Form::Entries(fields(map.entries().columns(), floats)?),
                    nulls: None,
                };
                Form::List(tag::MAP, ranges(map.offsets()), Box::new(entries))
            }
            DataType::List(_) => list::<i32>(array, floats)?,
            DataType::LargeList(_) => list::<i64>(array, floats)?,
            DataType::ListView(_) => list_view::<i32>(array, floats)?,
            DataType::LargeListView(_) => list_view::<i64>(array, floats)?,
            DataType::FixedSizeList(_, size) => {
                let size = *size as usize;
                let ranges = (0..array.len())
                    .map(|row| (row * size, (row + 1) * size))
                    .collect();
                let child = KeyColumn::with(array.as_fixed_size_list().values().as_ref(), floats)?;
                Form::List(tag::LIST, ranges, Box::new(child))
            }
            other => {
                return Err(Error::Columns(format!(
                    "a column of type {other} cannot be part of a key"
                )));
            }
        })
    }
}

fn fields(columns: &[ArrayRef], floats: Floats) -> Result<Vec<KeyColumn<'_>>> {
    columns
        .iter()
        .map(|column| KeyColumn::with(column.as_ref(), floats))
        .collect()
}

fn list<O: OffsetSizeTrait>(array: &dyn Array, floats: Floats) -> Result<Form<'_>> {
    let list = array.as_list::<O>();
    let child = KeyColumn::with(list.values().as_ref(), floats)?;
    Ok(Form::List(tag::LIST, ranges(list.offsets()), Box::new(child)))
}

fn list_view<O: OffsetSizeTrait>(array: &dyn Array, floats: Floats) -> Result<Form<'_>> {
    let list = array.as_list_view::<O>();
    let ends = list.offsets().iter().zip(list.sizes());
    let ranges = ends
        .map(|(start, size)| (start.as_usize(), start.as_usize() + size.as_usize()))
        .collect();
    Ok(Form::List(
        tag::LIST,
        ranges,
        Box::new(KeyColumn::with(list.values().as_ref(), floats)?),
    ))
}

fn ranges<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<(usize, usize)> {
    offsets
        .windows(2)
        .map(|pair| (pair[0].as_usize(), pair[1].as_usize()))
        .collect()
}

fn dictionary(array: &dyn Array, floats: Floats) -> Result<Form<'_>> {
    let dictionary = array.as_any_dictionary();
    let values = Box::new(KeyColumn::with(dictionary.values().as_ref(), floats)?);
    // An empty dictionary has no row for the keys of NULLs to point at, and none is read.
    let rows = match dictionary.keys().data_type() {
        DataType::Int8 => index::<Int8Type>(dictionary.keys()),
        DataType::Int16 => index::<Int16Type>(dictionary.keys()),
        DataType::Int32 => index::<Int32Type>(dictionary.keys()),
        DataType::Int64 => index::<Int64Type>(dictionary.keys()),
        DataType::UInt8 => index::<UInt8Type>(dictionary.keys()),
        DataType::UInt16 => index::<UInt16Type>(dictionary.keys()),
        DataType::UInt32 => index::<UInt32Type>(dictionary.keys()),
        _ => index::<UInt64Type>(dictionary.keys()),
    };
    Ok(Form::Dictionary(values, rows))
}

fn index<T: ArrowPrimitiveType>(keys: &dyn Array) -> Vec<usize>
where
    T::Native: TryInto<usize>,
{
    keys.as_primitive::<T>()
        .values()
        .iter()
        .map(|key| (*key).try_into().unwrap_or(0))
        .collect()
}

fn nanos<T: ArrowPrimitiveType>(array: &dyn Array, factor: i128) -> Vec<i128>
where
    T::Native: Into<i128>,
{
    array
        .as_primitive::<T>()
        .values()
        .iter()
        .map(|value| (*value).into() * factor)
        .collect()
}

fn instant_nanos(array: &dyn Array, unit: TimeUnit) -> Vec<i128> {
    match unit {
        TimeUnit::Second => nanos::<TimestampSecondType>(array, 1_000_000_000),
        TimeUnit::Millisecond => nanos::<TimestampMillisecondType>(array, 1_000_000),
        TimeUnit::Microsecond => nanos::<arrow::datatypes::TimestampMicrosecondType>(array, 1_000),
        TimeUnit::Nanosecond => nanos::<TimestampNanosecondType>(array, 1),
    }
}

fn duration_nanos(array: &dyn Array, unit: TimeUnit) -> Vec<i128> {
    match unit {
        TimeUnit::Second => nanos::<DurationSecondType>(array, 1_000_000_000),
        TimeUnit::Millisecond => nanos::<DurationMillisecondType>(array, 1_000_000),
        TimeUnit::Microsecond => nanos::<DurationMicrosecondType>(array, 1_000),
        TimeUnit::Nanosecond => nanos::<DurationNanosecondType>(array, 1),
    }
}

fn intervals(array: &dyn Array, unit: IntervalUnit) -> Vec<(i32, i32, i64)> {
    match unit {
        IntervalUnit::YearMonth => array
            .as_primitive::<IntervalYearMonthType>()
            .values()
            .iter()
            .map(|months| (*months, 0, 0))
            .collect(),
        IntervalUnit::DayTime => {
            let values = array.as_primitive::<IntervalDayTimeType>().values().iter();
            values
                .map(|value| (0, value.days, i64::from(value.milliseconds) * 1_000_000))
                .collect()
        }
        IntervalUnit::MonthDayNano => {
            let values = array.as_primitive::<IntervalMonthDayNanoType>().values().iter();
            values
                .map(|value| (value.months, value.days, value.nanoseconds))
                .collect()
        }
    }
}
