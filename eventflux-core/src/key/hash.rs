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

/// The keys of so many rows are written before the first of them is hashed: a hash reads whole words, and a word that was just
/// written in pieces is waited for.
const AT_ONCE: usize = 64;

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
    let words: Vec<&WordColumn<'_>> = columns.iter().filter_map(KeyColumn::words).collect();
    let are_fixed = words.len() == columns.len() && words.iter().all(|column| column.nulls.is_none());
    match words.as_slice() {
        _ if columns.is_empty() => hashes.resize(rows.num_rows(), hash_bytes(&[])),
        [one] if are_fixed => hash_word(one, hashes),
        [one, two] if are_fixed => hash_words(one, two, hashes),
        _ => hash_written(rows.num_rows(), hashes, |row, key| {
            columns.iter().for_each(|column| column.write(row, key));
        }),
    }
    Ok(())
}

/// One column of words without NULLs.
fn hash_word(one: &WordColumn<'_>, hashes: &mut Vec<u64>) {
    let mut keys = [[one.tag; 9]; AT_ONCE];
    for words in one.words.chunks(AT_ONCE) {
        for (key, word) in keys.iter_mut().zip(words) {
            key[1..].copy_from_slice(&word.to_be_bytes());
        }
        hashes.extend(keys[..words.len()].iter().map(|key| hash_bytes(key)));
    }
}

/// Two columns of words without NULLs.
fn hash_words(one: &WordColumn<'_>, two: &WordColumn<'_>, hashes: &mut Vec<u64>) {
    let mut key = [one.tag; 18];
    key[9] = two.tag;
    let mut keys = [key; AT_ONCE];
    for (first, second) in one.words.chunks(AT_ONCE).zip(two.words.chunks(AT_ONCE)) {
        for ((key, first), second) in keys.iter_mut().zip(first).zip(second) {
            key[1..9].copy_from_slice(&first.to_be_bytes());
            key[10..].copy_from_slice(&second.to_be_bytes());
        }
        hashes.extend(keys[..first.len()].iter().map(|key| hash_bytes(key)));
    }
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

fn hash_each<'a>(mut values: impl ExactSizeIterator<Item = Option<&'a str>>, hashes: &mut Vec<u64>) {
    hash_written(values.len(), hashes, |_, key| match values.next().flatten() {
        None => key.push(tag::NULL),
        Some(value) => write_bytes(tag::STRING, value.as_bytes(), key),
    });
}

/// Rows whose keys are written one after the other.
fn hash_written(row_count: usize, hashes: &mut Vec<u64>, mut write: impl FnMut(usize, &mut Vec<u8>)) {
    let mut keys = Vec::with_capacity(AT_ONCE * 32);
    let mut ends = [0; AT_ONCE];
    for first in (0..row_count).step_by(AT_ONCE) {
        keys.clear();
        let ends = &mut ends[..AT_ONCE.min(row_count - first)];
        for (row, end) in (first..).zip(ends.iter_mut()) {
            write(row, &mut keys);
            *end = keys.len();
        }
        let mut begin = 0;
        hashes.extend(ends.iter().map(|end| {
            let key = &keys[begin..*end];
            begin = *end;
            hash_bytes(key)
        }));
    }
}

#[cfg(test)]
#[path = "hash_test.rs"]
mod tests;
