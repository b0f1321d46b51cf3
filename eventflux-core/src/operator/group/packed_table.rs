//! Keys of fixed-width columns, packed into one integer.

use std::hash::Hash;
use std::ops::{BitOr, Shl, Shr};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;

use super::Group;
use super::slots::Slots;
use crate::error::{Error, Result};
use crate::key::{WordColumn, has_words, words_to_array};

/// How a column is packed.
#[derive(Debug, Clone)]
pub(super) struct PackedColumn {
    data_type: DataType,
    bits: u32,
}

impl PackedColumn {
    /// The packed form of a column's type, if it has one.
    pub(super) fn new(data_type: &DataType) -> Option<Self> {
        if !has_words(data_type) && *data_type != DataType::Boolean {
            return None;
        }
        let bits = match data_type {
            DataType::Boolean => 1,
            // Their words are those of a wider type.
            DataType::Float16 | DataType::Float32 | DataType::Date64 | DataType::Time32(_) => 64,
            // A word of an unsigned integer is that of the signed integer of twice its width.
            DataType::UInt8 | DataType::Int8 => 16,
            DataType::UInt16 | DataType::Int16 => 32,
            DataType::Int32 | DataType::Date32 => 32,
            _ => 64,
        };
        Some(Self {
            data_type: data_type.clone(),
            bits,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// Drops the upper bits, which repeat the sign, and keeps the order.
    fn narrow(&self, word: u64) -> u64 {
        match self.bits {
            64 => word,
            bits => (word ^ SIGN ^ (1 << (bits - 1))) & ((1 << bits) - 1),
        }
    }

    /// A word of the lowest bits of a packed key.
    fn widen(&self, packed: u64) -> u64 {
        let shift = 64 - self.bits;
        let value = (packed << shift) ^ SIGN;
        (((value as i64) >> shift) as u64) ^ SIGN
    }
}

const SIGN: u64 = 1 << 63;

/// The integer that keys are packed into.
pub(super) trait Packed:
    Copy
    + Default
    + Eq
    + Ord
    + Hash
    + From<u64>
    + BitOr<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    fn low(self) -> u64;
}

impl Packed for u64 {
    fn low(self) -> u64 {
        self
    }
}

impl Packed for u128 {
    fn low(self) -> u64 {
        self as u64
    }
}

/// A table of packed keys. A set bit of a key's mark is a column that is NULL.
pub(super) struct PackedTable<K> {
    pub(super) slots: Slots<K>,
    columns: Vec<PackedColumn>,
    keys: Vec<K>,
    marks: Vec<u8>,
}

impl<K: Packed> PackedTable<K> {
    pub(super) fn new(columns: Vec<PackedColumn>) -> Self {
        Self {
            slots: Slots::new(),
            columns,
            keys: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Appends the group of each row.
    pub(super) fn intern(&mut self, columns: &[ArrayRef], groups: &mut Vec<Group>) -> Result<()> {
        self.pack(columns)?;
        let slots = &mut self.slots;
        if self.marks.is_empty() {
            groups.extend(self.keys.iter().map(|key| slots.intern(*key, 0)));
        } else {
            groups.extend(
                self.keys
                    .iter()
                    .zip(&self.marks)
                    .map(|(key, mark)| slots.intern(*key, *mark)),
            );
        }
        Ok(())
    }

    /// Packs the keys of all rows; no marks means that no value is NULL.
    fn pack(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.keys.clear();
        self.marks.clear();
        let row_count = columns.first().map_or(0, |column| column.len());
        for (position, (column, array)) in self.columns.iter().zip(columns).enumerate() {
            let (bits, keys) = (column.bits, &mut self.keys);
            let nulls = if column.data_type == DataType::Boolean {
                let array = array.as_boolean();
                append(
                    position,
                    bits,
                    keys,
                    (0..array.len()).map(|row| boolean_word(array, row)),
                );
                array.nulls().filter(|nulls| nulls.null_count() > 0).cloned()
            } else {
                let words = WordColumn::of(array.as_ref()).ok_or_else(|| {
                    Error::Bug(format!("a key column of {} has no words", array.data_type()))
                })?;
                match (&words.nulls, bits) {
                    (None, 64) => append(position, bits, keys, words.words.iter().copied()),
                    (None, _) => append(
                        position,
                        bits,
                        keys,
                        words.words.iter().map(|word| column.narrow(*word)),
                    ),
                    (Some(nulls), _) => {
                        let narrow =
                            |(word, valid): (&u64, bool)| if valid { column.narrow(*word) } else { 0 };
                        append(
                            position,
                            bits,
                            keys,
                            words.words.iter().zip(nulls.iter()).map(narrow),
                        );
                    }
                }
                words.nulls
            };
            if let Some(nulls) = nulls {
                self.marks.resize(row_count, 0);
                let marks = self.marks.iter_mut().enumerate();
                marks.for_each(|(row, mark)| *mark |= u8::from(nulls.is_null(row)) << position);
            }
        }
        Ok(())
    }

    /// The key columns of these groups.
    pub(super) fn columns(&self, groups: &[Group]) -> Result<Vec<ArrayRef>> {
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut shift = 0;
        for (position, column) in self.columns.iter().enumerate().rev() {
            let valid = groups
                .iter()
                .map(|group| self.slots.mark(*group) & (1 << position) == 0);
            let nulls = Some(valid.collect::<NullBuffer>()).filter(|nulls| nulls.null_count() > 0);
            let narrow = |group: &Group| (self.slots.key(*group) >> shift).low();
            columns.push(match column.bits {
                1 => {
                    let values = groups.iter().map(|group| narrow(group) & 1 == 1).collect();
                    std::sync::Arc::new(BooleanArray::new(values, nulls)) as ArrayRef
                }
                _ => {
                    let is_null = |group: &Group| self.slots.mark(*group) & (1 << position) != 0;
                    let word = |group: &Group| {
                        if is_null(group) {
                            0
                        } else {
                            column.widen(narrow(group))
                        }
                    };
                    let words = groups.iter().map(word).collect::<Vec<_>>();
                    words_to_array(&column.data_type, &words, nulls)?
                }
            });
            shift += column.bits;
        }
        columns.reverse();
        Ok(columns)
    }

    /// The group of this table for a group of another one.
    pub(super) fn intern_from(&mut self, other: &Self, group: Group) -> Group {
        self.slots.intern(other.slots.key(group), other.slots.mark(group))
    }

    pub(super) fn find_from(&self, other: &Self, group: Group) -> Option<Group> {
        self.slots
            .find(other.slots.key(group), other.slots.mark(group), |_| true)
    }

    /// Sorts groups by their keys, column by column, NULL last.
    pub(super) fn sort(&self, groups: &mut [Group]) {
        if groups.iter().all(|group| self.slots.mark(*group) == 0) {
            return groups.sort_unstable_by_key(|group| self.slots.key(*group));
        }
        let mut shift = self.columns.iter().map(PackedColumn::bits).sum::<u32>();
        let shifts = self.columns.iter().map(|column| {
            shift -= column.bits;
            (shift, u64::MAX >> (64 - column.bits))
        });
        let shifts = shifts.collect::<Vec<_>>();
        groups.sort_unstable_by(|left, right| {
            let value = |group: Group, position: usize, (shift, mask): (u32, u64)| {
                let is_null = self.slots.mark(group) & (1 << position) != 0;
                (is_null, (self.slots.key(group) >> shift).low() & mask)
            };
            let mut columns = shifts.iter().enumerate();
            let differing = columns.find_map(|(position, column)| {
                let order = value(*left, position, *column).cmp(&value(*right, position, *column));
                order.is_ne().then_some(order)
            });
            differing.unwrap_or(std::cmp::Ordering::Equal)
        });
    }
}

/// Adds a column's bits below those of the columns before it.
fn append<K: Packed>(position: usize, bits: u32, keys: &mut Vec<K>, words: impl Iterator<Item = u64>) {
    if position == 0 {
        keys.extend(words.map(K::from));
    } else {
        keys.iter_mut()
            .zip(words)
            .for_each(|(key, word)| *key = (*key << bits) | K::from(word));
    }
}

fn boolean_word(array: &BooleanArray, row: usize) -> u64 {
    u64::from(array.is_valid(row) && array.value(row))
}
