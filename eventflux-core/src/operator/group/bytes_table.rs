//! Keys of any length: one string column as it is, or the canonical bytes of several columns.

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64;

use super::Group;
use super::slots::Slots;

const SHORT_MAX: usize = 15;

/// A NULL.
const MARK_NULL: u8 = 1;
/// A key that is held outside of the slots.
const MARK_LONG: u8 = 2;

/// A table of byte strings. Up to 15 bytes are held in the slots themselves: first bytes first, the length last, so that
/// short keys compare as integers.
pub(super) struct BytesTable {
    pub(super) slots: Slots<u128>,
    long: Vec<Box<[u8]>>,
    long_bytes: usize,
}

impl BytesTable {
    pub(super) fn new() -> Self {
        Self {
            slots: Slots::new(),
            long: Vec::new(),
            long_bytes: 0,
        }
    }

    pub(super) fn intern(&mut self, key: Option<&[u8]>) -> Group {
        match key {
            None => self.slots.intern(0, MARK_NULL),
            Some(key) if key.len() <= SHORT_MAX => self.slots.intern(short(key), 0),
            Some(key) => self.intern_long(key),
        }
    }

    fn intern_long(&mut self, key: &[u8]) -> Group {
        let fingerprint = fingerprint(key);
        let long = &self.long;
        if let Some(group) = self
            .slots
            .find(fingerprint, MARK_LONG, |group| *long[group as usize] == *key)
        {
            return group;
        }
        let group = self.slots.insert_new(fingerprint, MARK_LONG);
        if self.long.len() <= group as usize {
            self.long.resize(group as usize + 1, Box::default());
        }
        self.long_bytes += key.len();
        self.long[group as usize] = key.into();
        group
    }

    pub(super) fn find(&self, key: Option<&[u8]>) -> Option<Group> {
        match key {
            None => self.slots.find(0, MARK_NULL, |_| true),
            Some(key) if key.len() <= SHORT_MAX => self.slots.find(short(key), 0, |_| true),
            Some(key) => self.slots.find(fingerprint(key), MARK_LONG, |group| {
                *self.long[group as usize] == *key
            }),
        }
    }

    pub(super) fn intern_from(&mut self, other: &Self, group: Group) -> Group {
        match other.slots.mark(group) {
            MARK_LONG => self.intern_long(&other.long[group as usize]),
            mark => self.slots.intern(other.slots.key(group), mark),
        }
    }

    pub(super) fn find_from(&self, other: &Self, group: Group) -> Option<Group> {
        match other.slots.mark(group) {
            MARK_LONG => self.find(Some(&other.long[group as usize])),
            mark => self.slots.find(other.slots.key(group), mark, |_| true),
        }
    }

    /// Calls with a group's key; `None` is NULL.
    pub(super) fn with_key<R>(&self, group: Group, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        match self.slots.mark(group) {
            MARK_NULL => read(None),
            MARK_LONG => read(Some(&self.long[group as usize])),
            _ => {
                let bytes = self.slots.key(group).to_be_bytes();
                read(Some(&bytes[..usize::from(bytes[SHORT_MAX])]))
            }
        }
    }

    /// Sorts groups by their keys, NULL last.
    pub(super) fn sort_by(&self, groups: &mut [Group], order: impl Fn(&[u8], &[u8]) -> Ordering) {
        groups.sort_unstable_by(|left, right| {
            self.with_key(*left, |left| {
                self.with_key(*right, |right| match (left, right) {
                    (Some(left), Some(right)) => order(left, right),
                    (left, right) => left.is_none().cmp(&right.is_none()),
                })
            })
        });
    }

    /// Sorts groups by the bytes of their keys, NULL last.
    pub(super) fn sort(&self, groups: &mut [Group]) {
        if self.long_bytes > 0 {
            return self.sort_by(groups, <[u8]>::cmp);
        }
        groups.sort_unstable_by_key(|group| (self.slots.mark(*group) == MARK_NULL, self.slots.key(*group)));
    }

    pub(super) fn remove(&mut self, group: Group) {
        if self.slots.mark(group) == MARK_LONG {
            self.long_bytes -= self.long[group as usize].len();
            self.long[group as usize] = Box::default();
        }
        self.slots.remove(group);
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.long.clear();
        self.long_bytes = 0;
    }

    pub(super) fn state_bytes(&self) -> usize {
        self.slots.state_bytes() + self.long.capacity() * size_of::<Box<[u8]>>() + self.long_bytes
    }
}

/// A key of up to 15 bytes, filled up with zeros, its length in the last byte. Words are read as they are: bytes that are
/// stored one by one and read back as a word stall the processor.
#[inline]
fn short(key: &[u8]) -> u128 {
    let length = key.len();
    let (high, low) = if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        let rest = u64::from_be_bytes(*last).checked_shl(128 - 8 * length as u32);
        (u64::from_be_bytes(*first), rest.unwrap_or(0))
    } else if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        let rest = u32::from_be_bytes(*last).checked_shl(64 - 8 * length as u32);
        let first = u64::from(u32::from_be_bytes(*first));
        (first << 32 | u64::from(rest.unwrap_or(0)), 0)
    } else {
        let byte = |at: usize| u64::from(key.get(at).copied().unwrap_or(0)) << (56 - 8 * at);
        (byte(0) | byte(1) | byte(2), 0)
    };
    u128::from(high) << 64 | u128::from(low) | length as u128
}

fn fingerprint(key: &[u8]) -> u128 {
    (u128::from(xxh3_64(key)) << 64) | key.len() as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_its_bytes_and_its_length() {
        let letters = b"\xffbcdefg\x00ijklmno";
        for length in 0..=SHORT_MAX {
            let mut expected = [0; 16];
            expected[..length].copy_from_slice(&letters[..length]);
            expected[SHORT_MAX] = length as u8;
            assert_eq!(short(&letters[..length]).to_be_bytes(), expected);
        }
    }

    #[test]
    fn groups_are_sorted_by_bytes_with_and_without_long_keys() {
        let mut keys = vec![
            Some("b"),
            None,
            Some(""),
            Some("ab"),
            Some("ab\0"),
            Some("a"),
            Some("\u{7f}"),
        ];
        for long in [None, Some("abcdefghijklmnop")] {
            keys.extend(long.map(Some));
            let mut table = BytesTable::new();
            let mut groups: Vec<Group> = keys
                .iter()
                .map(|key| table.intern(key.map(str::as_bytes)))
                .collect();
            table.sort(&mut groups);
            let mut expected = keys.clone();
            expected.sort_by_key(|key| (key.is_none(), *key));
            let sorted: Vec<Option<String>> = groups
                .iter()
                .map(|group| {
                    table.with_key(*group, |key| {
                        key.map(|key| String::from_utf8_lossy(key).into_owned())
                    })
                })
                .collect();
            assert_eq!(
                sorted,
                expected
                    .iter()
                    .map(|key| key.map(str::to_owned))
                    .collect::<Vec<_>>()
            );
        }
    }
}
