//! Single values of any type as state: comparable, storable, and columns again in the end.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;

use super::stored::{Stored, write_delimited};
use crate::error::{Error, Result};
use crate::key::{KeyColumn, KeyDecoder, WordColumn, compare, has_words, words_to_array};

/// How values are held. Their order is that of SQL; -0.0 is 0.0, and NaN equals NaN and is above all.
pub(super) trait ValueForm: Send + 'static {
    type Value: Ord + Clone + Send;
    type Column<'a>;

    fn column<'a>(array: &'a ArrayRef) -> Result<Self::Column<'a>>;
    /// The value of a row; `None` is NULL.
    fn read(column: &Self::Column<'_>, row: usize) -> Option<Self::Value>;
    /// Whether the row has a value that comes before (or after) another one.
    fn compare(column: &Self::Column<'_>, row: usize, other: &Self::Value) -> Option<Ordering>;
    fn finish(values: &[Option<Self::Value>], data_type: &DataType) -> Result<ArrayRef>;
    fn encode(value: &Self::Value, out: &mut Vec<u8>);
    fn decode(input: &mut Stored<'_>) -> Result<Self::Value>;
    /// Bytes that a value holds outside of itself.
    fn heap_bytes(value: &Self::Value) -> usize;
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

    fn column<'a>(array: &'a ArrayRef) -> Result<Self::Column<'a>> {
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

    fn finish(values: &[Option<u64>], data_type: &DataType) -> Result<ArrayRef> {
        let words = values.iter().map(|value| value.unwrap_or(0)).collect::<Vec<_>>();
        let nulls = values.iter().map(Option::is_some).collect::<NullBuffer>();
        words_to_array(
            data_type,
            &words,
            Some(nulls).filter(|nulls| nulls.null_count() > 0),
        )
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
    bytes: crate::key::KeyBytes,
    nulls: Option<NullBuffer>,
}

impl ValueForm for Canonical {
    type Value = CanonicalValue;
    type Column<'a> = CanonicalColumn;

    fn column<'a>(array: &'a ArrayRef) -> Result<Self::Column<'a>> {
        let mut bytes = crate::key::KeyBytes::default();
        bytes.fill_columns(std::slice::from_ref(array), array.len())?;
        Ok(CanonicalColumn {
            bytes,
            nulls: array.logical_nulls().filter(|nulls| nulls.null_count() > 0),
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

    fn finish(values: &[Option<CanonicalValue>], data_type: &DataType) -> Result<ArrayRef> {
        let mut decoder = KeyDecoder::new([data_type])?;
        for value in values {
            match value {
                Some(value) => decoder.push(&value.0)?,
                None => decoder.push_null(),
            }
        }
        Ok(decoder.finish()?.remove(0))
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

/// Resolves one value column once; kept here so that functions name only forms.
pub(super) fn first_argument(arguments: &[ArrayRef]) -> Result<&ArrayRef> {
    arguments
        .first()
        .ok_or_else(|| Error::Bug("an aggregate lacks its argument".into()))
}

/// Checks that a type can be held at all.
///
/// **Errors** It cannot.
pub(super) fn check_type(data_type: &DataType) -> Result<()> {
    KeyColumn::new(arrow::array::new_empty_array(data_type).as_ref()).map(|_| ())
}
