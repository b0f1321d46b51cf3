//! The stored hash: xxh3 of the canonical bytes.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use xxhash_rust::xxh3::xxh3_64;

use super::column::write_bytes;
use super::word::WordColumn;
use super::{KeyColumn, tag};
use crate::error::Result;

/// The hash of a key's canonical bytes.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// Replaces `hashes` by the hash of each row's key. No columns: all rows have the hash of nothing.
///
/// **Errors** A column's type cannot be part of a key.
pub fn hash_rows(rows: &RecordBatch, columns: &[usize], hashes: &mut Vec<u64>) -> Result<()> {
    hashes.clear();
    hashes.reserve(rows.num_rows());
    if let [column] = columns
        && hash_strings(rows.column(*column).as_ref(), hashes)
    {
        return Ok(());
    }
    let columns = KeyColumn::of_columns(rows.columns(), columns)?;
    match columns.as_slice() {
        [] => hashes.resize(rows.num_rows(), hash_bytes(&[])),
        [one] if one.words().is_some() => hash_words(&columns, hashes),
        [one, two] if one.words().is_some() && two.words().is_some() => hash_words(&columns, hashes),
        _ => {
            let mut key = Vec::new();
            for row in 0..rows.num_rows() {
                key.clear();
                columns.iter().for_each(|column| column.write(row, &mut key));
                hashes.push(hash_bytes(&key));
            }
        }
    }
    Ok(())
}

/// One or two columns of words: the key has a fixed length unless a value is NULL.
fn hash_words(columns: &[KeyColumn<'_>], hashes: &mut Vec<u64>) {
    match columns
        .iter()
        .filter_map(KeyColumn::words)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [one] if one.nulls.is_none() => {
            let mut key = [one.tag; 9];
            hashes.extend(one.words.iter().map(|word| {
                key[1..].copy_from_slice(&word.to_be_bytes());
                hash_bytes(&key)
            }));
        }
        [one, two] if one.nulls.is_none() && two.nulls.is_none() => {
            let mut key = [one.tag; 18];
            key[9] = two.tag;
            hashes.extend(one.words.iter().zip(two.words.iter()).map(|(first, second)| {
                key[1..9].copy_from_slice(&first.to_be_bytes());
                key[10..].copy_from_slice(&second.to_be_bytes());
                hash_bytes(&key)
            }));
        }
        words => {
            let row_count = words.first().map_or(0, |words| words.words.len());
            hashes.extend((0..row_count).map(|row| {
                let mut key = [0; 18];
                let mut length = 0;
                for words in words {
                    length += write_nullable(words, row, &mut key[length..]);
                }
                hash_bytes(&key[..length])
            }));
        }
    }
}

fn write_nullable(words: &WordColumn<'_>, row: usize, key: &mut [u8]) -> usize {
    if words.is_null(row) {
        key[0] = tag::NULL;
        return 1;
    }
    key[0] = words.tag;
    key[1..9].copy_from_slice(&words.words[row].to_be_bytes());
    9
}

/// One column of strings.
fn hash_strings(array: &dyn Array, hashes: &mut Vec<u64>) -> bool {
    match array.data_type() {
        DataType::Utf8 => hash_each(array.as_string::<i32>().iter(), hashes),
        DataType::LargeUtf8 => hash_each(array.as_string::<i64>().iter(), hashes),
        DataType::Utf8View => hash_each(array.as_string_view().iter(), hashes),
        _ => return false,
    }
    true
}

fn hash_each<'a>(values: impl Iterator<Item = Option<&'a str>>, hashes: &mut Vec<u64>) {
    let mut key = Vec::with_capacity(64);
    hashes.extend(values.map(|value| match value {
        None => hash_bytes(&[tag::NULL]),
        Some(value) => {
            key.clear();
            write_bytes(tag::STRING, value.as_bytes(), &mut key);
            hash_bytes(&key)
        }
    }));
}

#[cfg(test)]
#[path = "hash_test.rs"]
mod tests;
