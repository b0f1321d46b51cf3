//! The hash table under every key table: fixed-size keys to group numbers, numbers of removed groups used again.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as TableEntry;

use super::Group;

/// Keys, each under its group number.
///
/// The hash is seeded per process. No result depends on it: groups are never listed in the table's order.
pub(super) struct Slots<K> {
    table: HashTable<Entry<K>>,
    keys: Vec<K>,
    marks: Vec<u8>,
    free: Vec<Group>,
    hasher: RandomState,
    /// The groups made since they were last asked for, if anybody wants to know.
    fresh: Option<Vec<Group>>,
}

struct Entry<K> {
    key: K,
    group: Group,
    mark: u8,
}

/// The mark of a number that is not in use.
pub(super) const FREE: u8 = u8::MAX;

impl<K: Copy + Default + Eq + Hash> Slots<K> {
    pub(super) fn new() -> Self {
        Self {
            table: HashTable::new(),
            keys: Vec::new(),
            marks: Vec::new(),
            free: Vec::new(),
            hasher: RandomState::default(),
            fresh: None,
        }
    }

    /// Has the groups that are made be listed from now on.
    pub(super) fn list_fresh(&mut self) {
        self.fresh = Some(Vec::new());
    }

    /// Moves the list of groups made since the last call.
    pub(super) fn take_fresh(&mut self, fresh: &mut Vec<Group>) {
        fresh.clear();
        if let Some(own) = &mut self.fresh {
            std::mem::swap(own, fresh);
        }
    }

    /// How many more keys fit before memory grows.
    pub(super) fn room(&self) -> usize {
        self.free.len() + self.keys.capacity() - self.keys.len()
    }

    /// The group of a key, which is made if there is none. `mark` is part of the key and not [`FREE`].
    #[inline]
    pub(super) fn intern(&mut self, key: K, mark: u8) -> Group {
        let hash = self.hasher.hash_one(key);
        match self
            .table
            .find(hash, |entry| entry.key == key && entry.mark == mark)
        {
            Some(entry) => entry.group,
            None => self.insert(hash, key, mark),
        }
    }

    pub(super) fn find(&self, key: K, mark: u8, same: impl Fn(Group) -> bool) -> Option<Group> {
        let hash = self.hasher.hash_one(key);
        let found = self.table.find(hash, |entry| {
            entry.key == key && entry.mark == mark && same(entry.group)
        });
        found.map(|entry| entry.group)
    }

    /// A group for a key that has none.
    pub(super) fn insert_new(&mut self, key: K, mark: u8) -> Group {
        self.insert(self.hasher.hash_one(key), key, mark)
    }

    #[cold]
    fn insert(&mut self, hash: u64, key: K, mark: u8) -> Group {
        let group = match self.free.pop() {
            Some(group) => {
                self.keys[group as usize] = key;
                self.marks[group as usize] = mark;
                group
            }
            None => {
                self.keys.push(key);
                self.marks.push(mark);
                (self.keys.len() - 1) as Group
            }
        };
        if let Some(fresh) = &mut self.fresh {
            fresh.push(group);
        }
        let hasher = &self.hasher;
        self.table
            .insert_unique(hash, Entry { key, group, mark }, |entry| {
                hasher.hash_one(entry.key)
            });
        group
    }

    pub(super) fn remove(&mut self, group: Group) {
        let (key, mark) = (self.keys[group as usize], self.marks[group as usize]);
        if mark == FREE {
            return;
        }
        let hash = self.hasher.hash_one(key);
        let same = |entry: &Entry<K>| entry.group == group;
        if let TableEntry::Occupied(entry) = self
            .table
            .entry(hash, same, |entry| self.hasher.hash_one(entry.key))
        {
            entry.remove();
        }
        self.marks[group as usize] = FREE;
        self.free.push(group);
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.keys.clear();
        self.marks.clear();
        self.free.clear();
        if let Some(fresh) = &mut self.fresh {
            fresh.clear();
        }
    }

    pub(super) fn key(&self, group: Group) -> K {
        self.keys[group as usize]
    }

    /// The marks of all numbers.
    pub(super) fn marks(&self) -> &[u8] {
        &self.marks
    }

    pub(super) fn mark(&self, group: Group) -> u8 {
        self.marks[group as usize]
    }

    /// One more than the largest number ever given.
    pub(super) fn slot_count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn free_count(&self) -> usize {
        self.free.len()
    }

    pub(super) fn state_bytes(&self) -> usize {
        self.table.capacity() * (size_of::<Entry<K>>() + 1)
            + self.keys.capacity() * size_of::<K>()
            + self.marks.capacity()
            + self.free.capacity() * size_of::<Group>()
    }
}
