//! Single values of any type as state: comparable, storable, and columns again in the end.

use std::cmp::Ordering;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal32Array, Decimal64Array, Decimal128Array, Decimal256Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, i256};

use super::stored::{Stored, write_delimited};
use crate::error::{Error, Result};
use crate::key::{KeyBytes, KeyColumn, KeyDecoder, WordColumn, compare, has_words, words_to_array};

/// How the values of an aggregate's arguments are held. Their order is that of SQL; -0.0 is 0.0, and NaN equals NaN and
/// is above all. A value of several arguments is NULL if one of them is.
pub(super) trait ValueForm: Send + 'static {
    type Value: Ord + Clone + Send;
    type Column<'a>;

    fn column<'a>(arguments: &'a [ArrayRef]) -> Result<Self::Column<'a>>;
    /// The value of a row; `None` is NULL.
    fn read(column: &Self::Column<'_>, row: usize) -> Option<Self::Value>;
    /// How the value of a row compares to another one; `None` if it is NULL.
    fn compare(column: &Self::Column<'_>, row: usize, other: &Self::Value) -> Option<Ordering>;
    /// Values as columns of these types: the inverse of reading them.
    fn columns(values: &[Option<Self::Value>], data_types: &[DataType]) -> Result<Vec<ArrayRef>>;
    fn encode(value: &Self::Value, out: &mut Vec<u8>);
    fn decode(input: &mut Stored<'_>) -> Result<Self::Value>;
    /// Bytes that a value holds outside of itself.
    fn heap_bytes(value: &Self::Value) -> usize;
}

/// Values of one argument as a column of this type.
pub(super) fn one_column<V: ValueForm>(
    values: &[Option<V::Value>],
    data_type: &DataType,
) -> Result<ArrayRef> {
    let mut columns = V::columns(values, std::slice::from_ref(data_type))?;
    columns
        .pop()
        .ok_or_else(|| Error::Bug("an aggregate lacks its argument".into()))
}

/// The only argument of an aggregate.
pub(super) fn first_argument(arguments: &[ArrayRef]) -> Result<&ArrayRef> {
    arguments
        .first()
        .ok_or_else(|| Error::Bug("an aggregate lacks its argument".into()))
}

/// Fixed-width values as words.
pub(super) struct Words;

/// Whether values of a type are held as [`Words`]; otherwise as [`Canonical`].
pub(super) fn is_word(data_type: &DataType) -> bool {
    has_words(data_type)
}

impl ValueForm for Words {
    type Value = u64;
    type Column<'a> = WordColumn<'a>;

    fn column<'a>(arguments: &'a [ArrayRef]) -> Result<Self::Column<'a>> {
        let array = first_argument(arguments)?;
        WordColumn::of(array.as_ref())
            .ok_or_else(|| Error::Bug(format!("values of {} are not words", array.data_type())))
    }

    #[inline]
    fn read(column: &Self::Column<'_>, row: usize) -> Option<u64> {
        if column.is_null(row) {
            None
        } else {
            Some(column.words[row])
        }
    }

    #[inline]
    fn compare(column: &Self::Column<'_>, row: usize, other: &u64) -> Option<Ordering> {
        Self::read(column, row).map(|value| value.cmp(other))
    }

    fn columns(values: &[Option<u64>], data_types: &[DataType]) -> Result<Vec<ArrayRef>> {
        let words = values.iter().map(|value| value.unwrap_or(0)).collect::<Vec<_>>();
        let nulls = values.iter().map(Option::is_some).collect::<NullBuffer>();
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        data_types
            .iter()
            .map(|data_type| words_to_array(data_type, &words, nulls.clone()))
            .collect()
    }

    fn encode(value: &u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    fn decode(input: &mut Stored<'_>) -> Result<u64> {
        input.u64()
    }

    fn heap_bytes(_value: &u64) -> usize {
        0
    }
}

/// Values of any type as canonical key bytes.
pub(super) struct Canonical;

/// Canonical bytes of one value, ordered as values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CanonicalValue(pub(super) Box<[u8]>);

impl Ord for CanonicalValue {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for CanonicalValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A column with the bytes of all its values.
pub(super) struct CanonicalColumn {
    bytes: KeyBytes,
    nulls: Option<NullBuffer>,
}

impl ValueForm for Canonical {
    type Value = CanonicalValue;
    type Column<'a> = CanonicalColumn;

    fn column<'a>(arguments: &'a [ArrayRef]) -> Result<Self::Column<'a>> {
        let mut bytes = KeyBytes::default();
        bytes.fill_columns(arguments, first_argument(arguments)?.len())?;
        let nulls = arguments.iter().fold(None, |nulls, argument| {
            NullBuffer::union(nulls.as_ref(), argument.logical_nulls().as_ref())
        });
        Ok(CanonicalColumn {
            bytes,
            nulls: nulls.filter(|nulls| nulls.null_count() > 0),
        })
    }

    fn read(column: &Self::Column<'_>, row: usize) -> Option<CanonicalValue> {
        if column.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(CanonicalValue(column.bytes.row(row).into()))
    }

    fn compare(column: &Self::Column<'_>, row: usize, other: &CanonicalValue) -> Option<Ordering> {
        if column.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(compare(column.bytes.row(row), &other.0))
    }

    fn columns(values: &[Option<CanonicalValue>], data_types: &[DataType]) -> Result<Vec<ArrayRef>> {
        let mut decoder = KeyDecoder::new(data_types)?;
        for value in values {
            match value {
                Some(value) => decoder.push(&value.0)?,
                None => decoder.push_null(),
            }
        }
        decoder.finish()
    }

    fn encode(value: &CanonicalValue, out: &mut Vec<u8>) {
        write_delimited(&value.0, out);
    }

    fn decode(input: &mut Stored<'_>) -> Result<CanonicalValue> {
        Ok(CanonicalValue(input.delimited()?.into()))
    }

    fn heap_bytes(value: &CanonicalValue) -> usize {
        value.0.len()
    }
}

/// Decimals of any width.
pub(super) struct Decimals;

/// A decimal column.
pub(super) enum DecimalColumn<'a> {
    Decimal32(&'a Decimal32Array),
    Decimal64(&'a Decimal64Array),
    Decimal128(&'a Decimal128Array),
    Decimal256(&'a Decimal256Array),
}

impl ValueForm for Decimals {
    type Value = i256;
    type Column<'a> = DecimalColumn<'a>;

    fn column<'a>(arguments: &'a [ArrayRef]) -> Result<Self::Column<'a>> {
        let array = first_argument(arguments)?;
        Ok(match array.data_type() {
            DataType::Decimal32(..) => DecimalColumn::Decimal32(array.as_primitive()),
            DataType::Decimal64(..) => DecimalColumn::Decimal64(array.as_primitive()),
            DataType::Decimal128(..) => DecimalColumn::Decimal128(array.as_primitive()),
            DataType::Decimal256(..) => DecimalColumn::Decimal256(array.as_primitive()),
            other => return Err(Error::Bug(format!("values of {other} are no decimals"))),
        })
    }

    fn read(column: &Self::Column<'_>, row: usize) -> Option<i256> {
        match column {
            DecimalColumn::Decimal32(array) => array
                .is_valid(row)
                .then(|| i256::from_i128(array.value(row).into())),
            DecimalColumn::Decimal64(array) => array
                .is_valid(row)
                .then(|| i256::from_i128(array.value(row).into())),
            DecimalColumn::Decimal128(array) => {
                array.is_valid(row).then(|| i256::from_i128(array.value(row)))
            }
            DecimalColumn::Decimal256(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }

    fn compare(column: &Self::Column<'_>, row: usize, other: &i256) -> Option<Ordering> {
        Self::read(column, row).map(|value| value.cmp(other))
    }

    fn columns(values: &[Option<i256>], data_types: &[DataType]) -> Result<Vec<ArrayRef>> {
        let array = values.iter().copied().collect::<Decimal256Array>();
        let column = |data_type: &DataType| -> Result<ArrayRef> {
            let scale = decimal_scale(data_type)
                .ok_or_else(|| Error::Bug(format!("values of {data_type} are no decimals")))?;
            let array = array.clone().with_precision_and_scale(76, scale)?;
            Ok(cast(&array, data_type)?)
        };
        data_types.iter().map(column).collect()
    }

    fn encode(value: &i256, out: &mut Vec<u8>) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    fn decode(input: &mut Stored<'_>) -> Result<i256> {
        input.array().map(i256::from_be_bytes)
    }

    fn heap_bytes(_value: &i256) -> usize {
        0
    }
}

/// The scale of a decimal type.
pub(super) fn decimal_scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

/// Checks that a type can be held at all.
///
/// **Errors** It cannot.
pub(super) fn check_type(data_type: &DataType) -> Result<()> {
    KeyColumn::new(arrow::array::new_empty_array(data_type).as_ref()).map(|_| ())
}
