//! Keys of one aggregation, interned to group numbers a batch at a time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use bytes::Bytes;

use super::bytes_table::BytesTable;
use super::packed_table::{PackedColumn, PackedTable};
use super::slots::FREE;
use crate::error::Result;
use crate::key::{KeyBytes, KeyDecoder, compare};

/// The number of a group within its table: small, dense, used again after the group is removed.
pub type Group = u32;

/// A set of keys, each with a [`Group`].
///
/// **Shapes** Fixed-width columns of up to 16 bytes in all are packed into an integer, one string column is held as it
/// is, everything else as canonical key bytes. NULLs are equal to each other; -0.0 equals 0.0 and NaN equals NaN.
///
/// **Invariants** Two tables over columns of the same types have the same form, so keys move between them without being
/// decoded. Without columns there is one key, that of group 0.
pub struct KeyTable {
    data_types: Vec<DataType>,
    form: Form,
    encoded: KeyBytes,
}

enum Form {
    /// No columns; whether the one group exists.
    Single(bool),
    Small(PackedTable<u64>),
    Packed(PackedTable<u128>),
    String(BytesTable),
    Canonical(BytesTable),
}

impl KeyTable {
    /// An empty table of keys with these columns.
    ///
    /// **Errors** A type cannot be part of a key.
    pub fn new(data_types: &[DataType]) -> Result<Self> {
        KeyDecoder::new(data_types)?;
        let packed = data_types
            .iter()
            .map(PackedColumn::new)
            .collect::<Option<Vec<_>>>();
        let form = match (data_types, packed) {
            ([], _) => Form::Single(false),
            (_, Some(columns)) if bits(&columns) <= 64 && columns.len() < 8 => {
                Form::Small(PackedTable::new(columns))
            }
            (_, Some(columns)) if bits(&columns) <= 128 && columns.len() < 8 => {
                Form::Packed(PackedTable::new(columns))
            }
            ([DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View], _) => {
                Form::String(BytesTable::new())
            }
            _ => Form::Canonical(BytesTable::new()),
        };
        Ok(Self {
            data_types: data_types.to_vec(),
            form,
            encoded: KeyBytes::default(),
        })
    }

    /// Appends the group of each row; keys not yet known get new ones. `columns` are the key columns.
    pub fn intern(&mut self, columns: &[ArrayRef], row_count: usize, groups: &mut Vec<Group>) -> Result<()> {
        match &mut self.form {
            Form::Single(exists) => {
                *exists |= row_count > 0;
                groups.resize(groups.len() + row_count, 0);
            }
            Form::Small(table) => table.intern(columns, groups)?,
            Form::Packed(table) => table.intern(columns, groups)?,
            Form::String(table) => intern_strings(table, columns[0].as_ref(), groups),
            Form::Canonical(table) => {
                self.encoded.fill_columns(columns, row_count)?;
                groups.extend((0..row_count).map(|row| table.intern(Some(self.encoded.row(row)))));
            }
        }
        Ok(())
    }

    /// Makes the one group of a table without columns.
    pub fn intern_only_group(&mut self) {
        if let Form::Single(exists) = &mut self.form {
            *exists = true;
        }
    }

    /// The group of the key that another table of the same columns has under `group`.
    pub fn intern_from(&mut self, other: &Self, group: Group) -> Group {
        match (&mut self.form, &other.form) {
            (Form::Single(exists), _) => {
                *exists = true;
                0
            }
            (Form::Small(table), Form::Small(other)) => table.intern_from(other, group),
            (Form::Packed(table), Form::Packed(other)) => table.intern_from(other, group),
            (Form::String(table), Form::String(other)) => table.intern_from(other, group),
            (Form::Canonical(table), Form::Canonical(other)) => table.intern_from(other, group),
            _ => unreachable!("tables of the same columns have the same form"),
        }
    }

    /// As [`KeyTable::intern_from`], for a key that may be unknown here.
    pub fn find_from(&self, other: &Self, group: Group) -> Option<Group> {
        match (&self.form, &other.form) {
            (Form::Single(exists), _) => exists.then_some(0),
            (Form::Small(table), Form::Small(other)) => table.find_from(other, group),
            (Form::Packed(table), Form::Packed(other)) => table.find_from(other, group),
            (Form::String(table), Form::String(other)) => table.find_from(other, group),
            (Form::Canonical(table), Form::Canonical(other)) => table.find_from(other, group),
            _ => None,
        }
    }

    /// The key columns of these groups.
    pub fn columns(&self, groups: &[Group]) -> Result<Vec<ArrayRef>> {
        match &self.form {
            Form::Single(_) => Ok(Vec::new()),
            Form::Small(table) => table.columns(groups),
            Form::Packed(table) => table.columns(groups),
            Form::String(table) => {
                let mut strings = StringBuilder::with_capacity(groups.len(), groups.len() * 16);
                for group in groups {
                    // Only strings were interned, so the conversion copies nothing and loses nothing.
                    table.with_key(*group, |key| {
                        strings.append_option(key.map(String::from_utf8_lossy))
                    });
                }
                let strings = strings.finish();
                let data_type = &self.data_types[0];
                if *data_type == DataType::Utf8 {
                    return Ok(vec![Arc::new(strings)]);
                }
                Ok(vec![cast(&strings, data_type)?])
            }
            Form::Canonical(table) => {
                let mut decoder = KeyDecoder::new(&self.data_types)?;
                for group in groups {
                    table.with_key(*group, |key| decoder.push(key.unwrap_or_default()))?;
                }
                decoder.finish()
            }
        }
    }

    /// The canonical bytes of the keys of these groups, in place of what `bytes` holds.
    pub fn encode(&self, groups: &[Group], bytes: &mut KeyBytes) -> Result<()> {
        bytes.fill_columns(&self.columns(groups)?, groups.len())
    }

    /// The group of a key given as canonical bytes.
    ///
    /// **Errors** The bytes are not a key of these columns.
    pub fn intern_encoded(&mut self, keys: &[&[u8]], groups: &mut Vec<Group>) -> Result<()> {
        let mut decoder = KeyDecoder::new(&self.data_types)?;
        keys.iter().try_for_each(|key| decoder.push(key))?;
        let columns = decoder.finish()?;
        self.intern(&columns, keys.len(), groups)
    }

    /// Sorts groups by their keys: by value, NULLs last.
    pub fn sort(&self, groups: &mut [Group]) {
        match &self.form {
            Form::Single(_) => {}
            Form::Small(table) => table.sort(groups),
            Form::Packed(table) => table.sort(groups),
            Form::String(table) => table.sort(groups),
            Form::Canonical(table) => table.sort_by(groups, compare),
        }
    }

    /// All groups, in the order of their numbers.
    pub fn groups(&self) -> Vec<Group> {
        let used = |mark: u8| mark != FREE;
        match &self.form {
            Form::Single(exists) => {
                if *exists {
                    vec![0]
                } else {
                    Vec::new()
                }
            }
            Form::Small(table) => (0..table.slots.slot_count() as Group)
                .filter(|group| used(table.slots.mark(*group)))
                .collect(),
            Form::Packed(table) => (0..table.slots.slot_count() as Group)
                .filter(|group| used(table.slots.mark(*group)))
                .collect(),
            Form::String(table) | Form::Canonical(table) => (0..table.slots.slot_count() as Group)
                .filter(|group| used(table.slots.mark(*group)))
                .collect(),
        }
    }

    /// Sets a flag for each group that is in use; there are flags for all slots.
    pub fn flag_used(&self, flags: &mut [u8], flag: u8) {
        let marks = match &self.form {
            Form::Single(exists) => {
                return flags
                    .iter_mut()
                    .for_each(|flags| *flags |= flag * u8::from(*exists));
            }
            Form::Small(table) => table.slots.marks(),
            Form::Packed(table) => table.slots.marks(),
            Form::String(table) | Form::Canonical(table) => table.slots.marks(),
        };
        for (flags, mark) in flags.iter_mut().zip(marks) {
            *flags |= flag * u8::from(*mark != FREE);
        }
    }

    /// Forgets one group; its number will be given again.
    pub fn remove(&mut self, group: Group) {
        match &mut self.form {
            Form::Single(exists) => *exists = false,
            Form::Small(table) => table.slots.remove(group),
            Form::Packed(table) => table.slots.remove(group),
            Form::String(table) | Form::Canonical(table) => table.remove(group),
        }
    }

    /// Forgets all groups and keeps the memory.
    pub fn clear(&mut self) {
        match &mut self.form {
            Form::Single(exists) => *exists = false,
            Form::Small(table) => table.slots.clear(),
            Form::Packed(table) => table.slots.clear(),
            Form::String(table) | Form::Canonical(table) => table.clear(),
        }
    }

    /// One more than the largest group number in use or free.
    pub fn slot_count(&self) -> usize {
        match &self.form {
            Form::Single(exists) => usize::from(*exists),
            Form::Small(table) => table.slots.slot_count(),
            Form::Packed(table) => table.slots.slot_count(),
            Form::String(table) | Form::Canonical(table) => table.slots.slot_count(),
        }
    }

    /// Has the groups that are made be listed from now on.
    pub fn list_fresh(&mut self) {
        match &mut self.form {
            Form::Single(_) => {}
            Form::Small(table) => table.slots.list_fresh(),
            Form::Packed(table) => table.slots.list_fresh(),
            Form::String(table) | Form::Canonical(table) => table.slots.list_fresh(),
        }
    }

    /// Moves the list of the groups made since the last call.
    pub fn take_fresh(&mut self, fresh: &mut Vec<Group>) {
        match &mut self.form {
            Form::Single(_) => fresh.clear(),
            Form::Small(table) => table.slots.take_fresh(fresh),
            Form::Packed(table) => table.slots.take_fresh(fresh),
            Form::String(table) | Form::Canonical(table) => table.slots.take_fresh(fresh),
        }
    }

    /// Those of these canonical keys that there are no groups of. They are looked for as groups that go again: there may be more
    /// numbers after that. The list of fresh groups has to have been taken before.
    ///
    /// **Errors** The bytes are not a key of these columns.
    pub fn missing(&mut self, mut keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
        let names = keys.iter().map(|key| &**key).collect::<Vec<_>>();
        let mut groups = Vec::with_capacity(keys.len());
        self.intern_encoded(&names, &mut groups)?;
        let mut fresh = Vec::new();
        self.take_fresh(&mut fresh);
        fresh.sort_unstable();
        let mut groups = groups.into_iter();
        keys.retain(|_| groups.next().is_some_and(|key| fresh.binary_search(&key).is_ok()));
        fresh.iter().for_each(|key| self.remove(*key));
        Ok(keys)
    }

    /// Whether a number is in use.
    pub fn is_used(&self, group: Group) -> bool {
        match &self.form {
            Form::Single(exists) => *exists && group == 0,
            Form::Small(table) => table.slots.mark(group) != FREE,
            Form::Packed(table) => table.slots.mark(group) != FREE,
            Form::String(table) | Form::Canonical(table) => table.slots.mark(group) != FREE,
        }
    }

    /// How many more keys fit before memory grows.
    pub fn room(&self) -> usize {
        match &self.form {
            Form::Single(exists) => usize::from(!exists),
            Form::Small(table) => table.slots.room(),
            Form::Packed(table) => table.slots.room(),
            Form::String(table) | Form::Canonical(table) => table.slots.room(),
        }
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Single(exists) => usize::from(*exists),
            Form::Small(table) => table.slots.slot_count() - table.slots.free_count(),
            Form::Packed(table) => table.slots.slot_count() - table.slots.free_count(),
            Form::String(table) | Form::Canonical(table) => {
                table.slots.slot_count() - table.slots.free_count()
            }
        }
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the keys take.
    pub fn state_bytes(&self) -> usize {
        match &self.form {
            Form::Single(_) => 0,
            Form::Small(table) => table.slots.state_bytes(),
            Form::Packed(table) => table.slots.state_bytes(),
            Form::String(table) | Form::Canonical(table) => table.state_bytes(),
        }
    }
}

fn bits(columns: &[PackedColumn]) -> u32 {
    columns.iter().map(PackedColumn::bits).sum()
}

fn intern_strings(table: &mut BytesTable, array: &dyn Array, groups: &mut Vec<Group>) {
    match array.data_type() {
        DataType::LargeUtf8 => intern_each(table, array.as_string::<i64>().iter(), groups),
        DataType::Utf8View => intern_each(table, array.as_string_view().iter(), groups),
        _ => intern_each(table, array.as_string::<i32>().iter(), groups),
    }
}

fn intern_each<'a>(
    table: &mut BytesTable,
    values: impl Iterator<Item = Option<&'a str>>,
    groups: &mut Vec<Group>,
) {
    groups.extend(values.map(|value| table.intern(value.map(str::as_bytes))));
}

#[cfg(test)]
#[path = "key_table_test.rs"]
mod tests;
