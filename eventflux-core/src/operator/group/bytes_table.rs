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

fn short(key: &[u8]) -> u128 {
    let mut bytes = [0; SHORT_MAX + 1];
    bytes[..key.len()].copy_from_slice(key);
    bytes[SHORT_MAX] = key.len() as u8;
    u128::from_be_bytes(bytes)
}

fn fingerprint(key: &[u8]) -> u128 {
    (u128::from(xxh3_64(key)) << 64) | key.len() as u128
}
