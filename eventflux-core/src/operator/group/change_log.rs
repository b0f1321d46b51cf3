//! What changed since the last snapshot.

use super::{Group, KeyTable};
use crate::error::Result;
use crate::key::{KeyBytes, hash_bytes, key_group};
use crate::state::segment::SnapshotRows;
use crate::state::{KeyGroup, StateRow, StateWriter};

/// The changed groups of one table, and those of the snapshot before that are still to be copied.
///
/// Until the first snapshot nothing is tracked: it has everything anyway, and without checkpoints there is none.
///
/// ```text
///           changed             freeze             copied in its turn, or before it changes again
/// stored ─────────────► changed ──────► frozen ──────────────────────────────────────────────────► stored
/// ```
///
/// **Invariants** A group is not both changed and frozen. What of a table is frozen is all copied before the next freeze.
pub struct ChangeLog {
    is_on: bool,
    flags: Vec<u8>,
    /// The flag of those that changed; the other one of the two is the flag of those that are frozen.
    changed_flag: u8,
    changed: Vec<Group>,
    frozen: Frozen,
    /// Groups that are frozen and about to change.
    thawed: Vec<Group>,
}

/// They take turns: what changed becomes frozen without being touched.
const TURNS: u8 = 1 | 2;
/// The group is in an earlier snapshot, all of which has been copied.
const STORED: u8 = 4;

/// Where groups that are frozen are found, among others that are not any more.
#[derive(Debug, Default)]
struct Frozen {
    /// `None`: all there were.
    groups: Option<Vec<Group>>,
    next: usize,
    end: usize,
}

impl ChangeLog {
    /// Nothing changed yet. `is_on` after the first snapshot of the operator.
    pub fn new(is_on: bool) -> Self {
        Self {
            is_on,
            flags: Vec::new(),
            changed_flag: 1,
            changed: Vec::new(),
            frozen: Frozen::default(),
            thawed: Vec::new(),
        }
    }

    /// Makes room for groups below this number.
    pub fn resize(&mut self, slot_count: usize) {
        if self.is_on && self.flags.len() < slot_count {
            self.flags.resize(slot_count, 0);
        }
    }

    /// Notes that these groups change. Those of them that are frozen have to be copied before they do:
    /// [`ChangeLog::take_thawed`].
    pub fn changed(&mut self, groups: &[Group]) {
        if !self.is_on {
            return;
        }
        let changed_flag = self.changed_flag;
        for group in groups {
            let flags = &mut self.flags[*group as usize];
            if *flags & changed_flag == 0 {
                if *flags & TURNS != 0 {
                    *flags = STORED;
                    self.thawed.push(*group);
                }
                *flags |= changed_flag;
                self.changed.push(*group);
            }
        }
    }

    /// Takes those of the groups that are frozen out: they have to be copied now, [`ChangeLog::take_thawed`].
    pub fn thaw(&mut self, groups: &[Group]) {
        if !self.has_frozen() {
            return;
        }
        for group in groups {
            let flags = &mut self.flags[*group as usize];
            if *flags & TURNS & !self.changed_flag != 0 {
                *flags = STORED;
                self.thawed.push(*group);
            }
        }
    }

    /// The groups that were frozen and are to be copied now.
    pub fn take_thawed(&mut self) -> Vec<Group> {
        std::mem::take(&mut self.thawed)
    }

    /// Those of the groups that are in an earlier snapshot.
    pub fn stored(&self, groups: &[Group]) -> Vec<Group> {
        if !self.is_on {
            return Vec::new();
        }
        let frozen_flag = TURNS & !self.changed_flag;
        groups
            .iter()
            .copied()
            .filter(|group| self.flags[*group as usize] & (STORED | frozen_flag) != 0)
            .collect()
    }

    /// Notes that these groups, none of which is frozen, are gone.
    pub fn removed(&mut self, groups: &[Group]) {
        if self.is_on {
            groups.iter().for_each(|group| self.flags[*group as usize] = 0);
        }
    }

    /// Notes that all groups are gone. What was frozen has been copied.
    pub fn clear(&mut self) {
        self.flags.clear();
        self.changed.clear();
        self.frozen = Frozen::default();
    }

    /// What changed since the last snapshot, or all the first time, is frozen now. What was frozen before has been copied.
    pub fn freeze(&mut self, keys: &KeyTable) {
        let slot_count = keys.slot_count();
        self.changed_flag ^= TURNS;
        if std::mem::replace(&mut self.is_on, true) {
            let spare = self.frozen.groups.take().unwrap_or_default();
            let groups = std::mem::replace(&mut self.changed, spare);
            self.changed.clear();
            self.frozen = Frozen {
                next: 0,
                end: groups.len(),
                groups: Some(groups),
            };
        } else {
            self.flags.resize(slot_count, 0);
            keys.flag_used(&mut self.flags, TURNS & !self.changed_flag);
            self.frozen = Frozen {
                groups: None,
                next: 0,
                end: slot_count,
            };
        }
    }

    /// Whether there may be frozen groups.
    pub fn has_frozen(&self) -> bool {
        self.frozen.next < self.frozen.end
    }

    /// The next groups of those that are frozen, which are to be copied now. It looks at so many at the most.
    pub fn take_frozen(&mut self, count: usize) -> Vec<Group> {
        let Frozen { groups, next, end } = &mut self.frozen;
        let seen = *next..(*end).min(next.saturating_add(count));
        *next = seen.end;
        let frozen_flag = TURNS & !self.changed_flag;
        let mut frozen = Vec::with_capacity(seen.len());
        let mut look = |group: Group| {
            let flags = &mut self.flags[group as usize];
            // A number can be in the list twice, or without being frozen: removed, and given again; or copied before it changed.
            if *flags & frozen_flag != 0 {
                *flags = STORED;
                frozen.push(group);
            }
        };
        match groups {
            Some(groups) => groups[seen].iter().for_each(|group| look(*group)),
            None => seen.for_each(|group| look(group as Group)),
        }
        frozen
    }

    /// Goes on from an earlier snapshot that has these groups.
    pub fn go_on(&mut self, slot_count: usize, stored: &[Group]) {
        self.is_on = true;
        self.resize(slot_count);
        stored
            .iter()
            .for_each(|group| self.flags[*group as usize] = STORED);
    }

    /// Whether a group changed since the last snapshot, or is still to be copied for it.
    pub fn is_held(&self, group: Group) -> bool {
        self.flags
            .get(group as usize)
            .is_some_and(|flags| flags & TURNS != 0)
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
        let frozen = self.frozen.groups.as_ref().map_or(0, Vec::capacity);
        self.flags.capacity() + (self.changed.capacity() + frozen) * size_of::<Group>()
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
    rows: SnapshotRows,
}

impl Tombstones {
    /// None yet.
    pub fn new(keys: StateKeys) -> Self {
        Self {
            keys,
            rows: SnapshotRows::default(),
        }
    }

    /// Adds the rows of these groups.
    pub fn add(&mut self, prefix: &[u8], keys: &KeyTable, groups: &[Group]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let state_keys = self.keys;
        state_keys.for_each(prefix, keys, groups, |_, key_group, key| {
            self.rows.write(StateRow {
                table: state_keys.table,
                key_group,
                key,
                value: None,
            })
        })
    }

    /// Adds the row of a canonical key.
    pub fn add_key(&mut self, key: &[u8]) -> Result<()> {
        self.rows.write(StateRow {
            table: self.keys.table,
            key_group: key_group(hash_bytes(key), self.keys.key_groups),
            key,
            value: None,
        })
    }

    /// The rows; they go before what has come under the same keys since.
    pub fn take(&mut self) -> SnapshotRows {
        std::mem::take(&mut self.rows)
    }

    /// Bytes that they take until they are written.
    pub fn state_bytes(&self) -> usize {
        self.rows.memory_bytes()
    }
}
