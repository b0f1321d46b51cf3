//! What changed since the last snapshot.

use super::{Group, KeyTable};
use crate::error::Result;
use crate::key::{KeyBytes, hash_bytes, key_group};
use crate::state::{KeyGroup, StateRow, StateWriter};

/// The changed groups of one table.
///
/// Until the first snapshot nothing is tracked: it writes everything anyway, and without checkpoints there is none.
pub struct ChangeLog {
    is_on: bool,
    flags: Vec<u8>,
    changed: Vec<Group>,
}

/// The group changed since the last snapshot.
const CHANGED: u8 = 1;
/// The group is in an earlier snapshot.
const STORED: u8 = 2;

impl ChangeLog {
    /// Nothing changed yet. `is_on` after the first snapshot of the operator.
    pub fn new(is_on: bool) -> Self {
        Self {
            is_on,
            flags: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// Makes room for groups below this number.
    pub fn resize(&mut self, slot_count: usize) {
        if self.is_on && self.flags.len() < slot_count {
            self.flags.resize(slot_count, 0);
        }
    }

    /// Notes that these groups changed.
    pub fn changed(&mut self, groups: &[Group]) {
        if !self.is_on {
            return;
        }
        for group in groups {
            let flags = &mut self.flags[*group as usize];
            if *flags & CHANGED == 0 {
                *flags |= CHANGED;
                self.changed.push(*group);
            }
        }
    }

    /// Those of the groups that are in an earlier snapshot.
    pub fn stored(&self, groups: &[Group]) -> Vec<Group> {
        if !self.is_on {
            return Vec::new();
        }
        groups
            .iter()
            .copied()
            .filter(|group| self.flags[*group as usize] & STORED != 0)
            .collect()
    }

    /// Notes that these groups are gone.
    pub fn removed(&mut self, groups: &[Group]) {
        if self.is_on {
            groups.iter().for_each(|group| self.flags[*group as usize] = 0);
        }
    }

    /// Notes that all groups are gone.
    pub fn clear(&mut self) {
        self.flags.clear();
        self.changed.clear();
    }

    /// The groups for the next snapshot, which are stored from here on. `all` are those there are.
    pub fn take(&mut self, slot_count: usize, all: impl FnOnce() -> Vec<Group>) -> Vec<Group> {
        let groups = if self.is_on {
            let mut changed = std::mem::take(&mut self.changed);
            // A number can be in the list twice: removed, and given again.
            changed.retain(|group| {
                let flags = &mut self.flags[*group as usize];
                let is_changed = *flags & CHANGED != 0;
                *flags &= !CHANGED;
                is_changed
            });
            changed
        } else {
            all()
        };
        self.is_on = true;
        self.resize(slot_count);
        groups
            .iter()
            .for_each(|group| self.flags[*group as usize] |= STORED);
        groups
    }

    /// Goes on from an earlier snapshot that has these groups.
    pub fn go_on(&mut self, slot_count: usize, stored: &[Group]) {
        self.is_on = true;
        self.resize(slot_count);
        stored
            .iter()
            .for_each(|group| self.flags[*group as usize] = STORED);
    }

    /// Whether a group changed since the last snapshot.
    pub fn is_changed(&self, group: Group) -> bool {
        self.flags
            .get(group as usize)
            .is_some_and(|flags| flags & CHANGED != 0)
    }

    /// Whether a group is in an earlier snapshot.
    pub fn is_stored(&self, group: Group) -> bool {
        self.flags
            .get(group as usize)
            .is_some_and(|flags| flags & STORED != 0)
    }

    /// How many groups changed since the last snapshot, at the most.
    pub fn changed_count(&self) -> usize {
        self.changed.len()
    }

    /// Bytes that the log takes.
    pub fn state_bytes(&self) -> usize {
        self.flags.capacity() + self.changed.capacity() * size_of::<Group>()
    }
}

/// Keys that are encoded at a time: few enough to stay in the processor's cache.
const ENCODED_ROWS: usize = 4096;

/// How an operator names its rows in snapshots.
#[derive(Debug, Clone, Copy)]
pub struct StateKeys {
    /// The operator's number for the table.
    pub table: u8,
    /// How many key groups the app has.
    pub key_groups: u32,
}

impl StateKeys {
    /// Calls with (position, key group, prefix and canonical key) of each group.
    pub fn for_each(
        &self,
        prefix: &[u8],
        keys: &KeyTable,
        groups: &[Group],
        mut write: impl FnMut(usize, KeyGroup, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut bytes = KeyBytes::default();
        let mut key = prefix.to_vec();
        for (part, groups) in groups.chunks(ENCODED_ROWS).enumerate() {
            keys.encode(groups, &mut bytes)?;
            for position in 0..groups.len() {
                key.truncate(prefix.len());
                key.extend_from_slice(bytes.row(position));
                write(
                    part * ENCODED_ROWS + position,
                    key_group(hash_bytes(bytes.row(position)), self.key_groups),
                    &key,
                )?;
            }
        }
        Ok(())
    }
}

/// Stored rows that have to be taken out of the stored state.
pub struct Tombstones {
    keys: StateKeys,
    rows: Vec<(KeyGroup, Box<[u8]>)>,
}

impl Tombstones {
    /// None yet.
    pub fn new(keys: StateKeys) -> Self {
        Self {
            keys,
            rows: Vec::new(),
        }
    }

    /// Adds the rows of these groups.
    pub fn add(&mut self, prefix: &[u8], keys: &KeyTable, groups: &[Group]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let state_keys = self.keys;
        state_keys.for_each(prefix, keys, groups, |_, key_group, key| {
            self.rows.push((key_group, key.into()));
            Ok(())
        })
    }

    /// Writes them; goes before what has come under the same keys since.
    pub fn write(&mut self, state: &mut dyn StateWriter) -> Result<()> {
        for (key_group, key) in self.rows.drain(..) {
            state.write(StateRow {
                table: self.keys.table,
                key_group,
                key: &key,
                value: None,
            })?;
        }
        Ok(())
    }

    /// Bytes that they take until they are written.
    pub fn state_bytes(&self) -> usize {
        self.rows.iter().map(|(_, key)| key.len() + 24).sum()
    }
}
