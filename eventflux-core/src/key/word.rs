//! Fixed-width columns as words: 64-bit integers that are equal and ordered as the values are.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, make_array};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::tag;
use crate::error::{Error, Result};

const SIGN: u64 = 1 << 63;
const DAY_MS: i64 = 86_400_000;

/// A column all of whose values are words under one tag.
pub(crate) struct WordColumn<'a> {
    pub(crate) tag: u8,
    /// The word of each row; of a NULL row: zero.
    pub(crate) words: Cow<'a, [u64]>,
    pub(crate) nulls: Option<NullBuffer>,
}

/// An integer as a word.
pub(super) fn from_i64(value: i64) -> u64 {
    value as u64 ^ SIGN
}

/// A word as an integer.
pub(super) fn to_i64(word: u64) -> i64 {
    (word ^ SIGN) as i64
}

/// A float as a word.
pub(super) fn from_f64(value: f64) -> u64 {
    if value.is_nan() {
        from_f64_exact(f64::from_bits(f64::NAN.to_bits() & !SIGN))
    } else if value == 0.0 {
        from_f64_exact(0.0)
    } else {
        from_f64_exact(value)
    }
}

/// A float as a word of its own, also where it is equal to another float.
fn from_f64_exact(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// A word as a float.
pub(super) fn to_f64(word: u64) -> f64 {
    f64::from_bits(if word & SIGN == 0 { !word } else { word & !SIGN })
}

impl<'a> WordColumn<'a> {
    /// The words of a column of floats, each float with its own.
    pub(super) fn exact_floats(array: &dyn Array) -> Option<Self> {
        let words = match array.data_type() {
            DataType::Float16 => words_of::<Float16Type>(array, from_f64_exact),
            DataType::Float32 => words_of::<Float32Type>(array, from_f64_exact),
            DataType::Float64 => words_of::<Float64Type>(array, from_f64_exact),
            _ => return None,
        };
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        Some(Self {
            tag: tag::FLOAT,
            words,
            nulls,
        })
    }

    /// The words of a column, unless its type or one of its values has no such form.
    pub(crate) fn of(array: &'a dyn Array) -> Option<Self> {
        let (tag, words) = match array.data_type() {
            DataType::Int8 => (tag::INTEGER, signed::<Int8Type>(array)),
            DataType::Int16 => (tag::INTEGER, signed::<Int16Type>(array)),
            DataType::Int32 => (tag::INTEGER, signed::<Int32Type>(array)),
            DataType::Int64 => (tag::INTEGER, signed::<Int64Type>(array)),
            DataType::UInt8 => (tag::INTEGER, signed::<UInt8Type>(array)),
            DataType::UInt16 => (tag::INTEGER, signed::<UInt16Type>(array)),
            DataType::UInt32 => (tag::INTEGER, signed::<UInt32Type>(array)),
            DataType::UInt64 => (
                tag::UNSIGNED,
                Cow::Borrowed(array.as_primitive::<UInt64Type>().values().as_ref()),
            ),
            DataType::Float16 => (tag::FLOAT, words_of::<Float16Type>(array, from_f64)),
            DataType::Float32 => (tag::FLOAT, words_of::<Float32Type>(array, from_f64)),
            DataType::Float64 => (tag::FLOAT, words_of::<Float64Type>(array, from_f64)),
            DataType::Date32 => (tag::DATE, signed::<Date32Type>(array)),
            DataType::Date64 => {
                let days = array.as_primitive::<Date64Type>().values().iter();
                (
                    tag::DATE,
                    days.map(|ms| from_i64(ms.div_euclid(DAY_MS))).collect(),
                )
            }
            DataType::Time32(_) | DataType::Time64(_) => (tag::TIME, micros(array)?),
            DataType::Timestamp(..) => (tag::INSTANT, micros(array)?),
            DataType::Duration(_) => (tag::DURATION, micros(array)?),
            _ => return None,
        };
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        let words = match &nulls {
            None => words,
            Some(nulls) => {
                let mut words = words.into_owned();
                for (row, word) in words.iter_mut().enumerate() {
                    *word = if nulls.is_valid(row) { *word } else { 0 };
                }
                Cow::Owned(words)
            }
        };
        Some(Self { tag, words, nulls })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }
}

/// Whether every value of a type has a word.
pub(crate) fn has_words(data_type: &DataType) -> bool {
    use DataType::*;
    match data_type {
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Float16 | Float32 | Float64
        | Date32 | Date64 | Time32(_) => true,
        Time64(unit) | Timestamp(unit, _) | Duration(unit) => *unit == TimeUnit::Microsecond,
        _ => false,
    }
}

fn signed<T: ArrowPrimitiveType>(array: &dyn Array) -> Cow<'static, [u64]>
where
    T::Native: Into<i64>,
{
    array
        .as_primitive::<T>()
        .values()
        .iter()
        .map(|value| from_i64((*value).into()))
        .collect()
}

fn words_of<T: ArrowPrimitiveType>(array: &dyn Array, word: impl Fn(f64) -> u64) -> Cow<'static, [u64]>
where
    T::Native: Into<f64>,
{
    array
        .as_primitive::<T>()
        .values()
        .iter()
        .map(|value| word((*value).into()))
        .collect()
}

/// Microseconds as words; nothing if a value is not a whole number of them or too large.
fn micros(array: &dyn Array) -> Option<Cow<'static, [u64]>> {
    use TimeUnit::*;
    match array.data_type() {
        DataType::Time32(Second) => scaled::<Time32SecondType>(array, 1_000_000),
        DataType::Time32(_) => scaled::<Time32MillisecondType>(array, 1_000),
        DataType::Time64(Microsecond) => scaled::<Time64MicrosecondType>(array, 1),
        DataType::Time64(_) => divided::<Time64NanosecondType>(array),
        DataType::Timestamp(Second, _) => scaled::<TimestampSecondType>(array, 1_000_000),
        DataType::Timestamp(Millisecond, _) => scaled::<TimestampMillisecondType>(array, 1_000),
        DataType::Timestamp(Microsecond, _) => scaled::<TimestampMicrosecondType>(array, 1),
        DataType::Timestamp(Nanosecond, _) => divided::<TimestampNanosecondType>(array),
        DataType::Duration(Second) => scaled::<DurationSecondType>(array, 1_000_000),
        DataType::Duration(Millisecond) => scaled::<DurationMillisecondType>(array, 1_000),
        DataType::Duration(Microsecond) => scaled::<DurationMicrosecondType>(array, 1),
        DataType::Duration(Nanosecond) => divided::<DurationNanosecondType>(array),
        _ => None,
    }
}

fn scaled<T: ArrowPrimitiveType>(array: &dyn Array, factor: i64) -> Option<Cow<'static, [u64]>>
where
    T::Native: Into<i64>,
{
    let values = array.as_primitive::<T>().values();
    if factor == 1 {
        return Some(values.iter().map(|value| from_i64((*value).into())).collect());
    }
    let micros = |(row, value): (usize, &T::Native)| match (*value).into().checked_mul(factor) {
        Some(micros) => Some(from_i64(micros)),
        None => array.is_null(row).then_some(0),
    };
    values
        .iter()
        .enumerate()
        .map(micros)
        .collect::<Option<Vec<u64>>>()
        .map(Cow::Owned)
}

fn divided<T: ArrowPrimitiveType<Native = i64>>(array: &dyn Array) -> Option<Cow<'static, [u64]>> {
    let micros = |(row, nanos): (usize, &i64)| match nanos.rem_euclid(1_000) {
        0 => Some(from_i64(nanos.div_euclid(1_000))),
        _ => array.is_null(row).then_some(0),
    };
    let values = array.as_primitive::<T>().values();
    values
        .iter()
        .enumerate()
        .map(micros)
        .collect::<Option<Vec<u64>>>()
        .map(Cow::Owned)
}

/// The array of a type that has words: the inverse of [`WordColumn::of`].
///
/// **Errors** A word does not fit the type.
pub(crate) fn words_to_array(
    data_type: &DataType,
    words: &[u64],
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    use DataType::*;
    let buffer = match data_type {
        Int8 => integers::<i8>(words)?,
        Int16 => integers::<i16>(words)?,
        Int32 | Date32 => integers::<i32>(words)?,
        Int64 => integers::<i64>(words)?,
        UInt8 => integers::<u8>(words)?,
        UInt16 => integers::<u16>(words)?,
        UInt32 => integers::<u32>(words)?,
        UInt64 => Buffer::from_slice_ref(words),
        Float64 => Buffer::from_iter(words.iter().map(|word| to_f64(*word))),
        Float32 => Buffer::from_iter(words.iter().map(|word| to_f64(*word) as f32)),
        Float16 => Buffer::from_iter(
            words
                .iter()
                .map(|word| <Float16Type as ArrowPrimitiveType>::Native::from_f64(to_f64(*word))),
        ),
        Date64 => Buffer::from_iter(words.iter().map(|word| to_i64(*word).wrapping_mul(DAY_MS))),
        Time32(unit) => Buffer::from_iter(words.iter().map(|word| from_nanos(nanos_of(*word), *unit) as i32)),
        Time64(unit) | Timestamp(unit, _) | Duration(unit) => {
            Buffer::from_iter(words.iter().map(|word| from_nanos(nanos_of(*word), *unit)))
        }
        other => return Err(Error::Bug(format!("type {other} has no words"))),
    };
    fixed_array(data_type, words.len(), buffer, nulls)
}

/// An array over a buffer of native values.
pub(super) fn fixed_array(
    data_type: &DataType,
    length: usize,
    buffer: Buffer,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let data = arrow::array::ArrayData::builder(data_type.clone())
        .len(length)
        .add_buffer(buffer)
        .nulls(nulls)
        .build()?;
    Ok(make_array(data))
}

fn nanos_of(word: u64) -> i128 {
    i128::from(to_i64(word)) * 1_000
}

/// Nanoseconds in a unit. Words of NULL rows may hold anything, so it wraps.
pub(super) fn from_nanos(nanos: i128, unit: TimeUnit) -> i64 {
    let per_unit = match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    nanos.div_euclid(per_unit) as i64
}

fn integers<T: TryFrom<i64> + Default + arrow::datatypes::ArrowNativeType>(words: &[u64]) -> Result<Buffer> {
    let mut values = Vec::with_capacity(words.len());
    for word in words {
        values.push(match (T::try_from(to_i64(*word)), *word) {
            (Ok(value), _) => value,
            (Err(_), 0) => T::default(),
            (Err(_), _) => {
                return Err(Error::Columns(format!(
                    "key value {} is out of range",
                    to_i64(*word)
                )));
            }
        });
    }
    Ok(Buffer::from_vec(values))
}
