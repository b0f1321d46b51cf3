//! Groups by key: the heart of every aggregation.

use arrow::array::BinaryArray;
use bytes::Bytes;

use super::aggregation::{Aggregation, Rows};
use super::call_states::{CallStates, Results};
use super::change_log::{ChangeLog, StateKeys, Tombstones};
use super::hot_budget::HotTable;
use super::hot_set::HotSet;
use super::swept::HotKeys;
use super::{Group, KeyTable};
use crate::error::{Error, Result};
use crate::key::KeyBytes;
use crate::operator::aggregate::Stored;
use crate::state::cold::{ColdEntry, Keeping, place, stored_key};
use crate::state::segment::SnapshotRows;
use crate::state::{StateRow, StateWriter};

/// Keys with the state of each, and what of it changed since the last snapshot.
///
/// A snapshot is begun with [`GroupTable::freeze`], which takes no time, and copied in pieces while rows go on coming: a group
/// that is still to be copied is copied before it changes.
///
/// **Invariants** There is state for every slot of the key table. A group whose rows were all taken back has a row count
/// of zero and stays until it is removed.
pub struct GroupTable {
    keys: KeyTable,
    states: CallStates,
    log: ChangeLog,
    groups: Vec<Group>,
    /// A snapshot that is being copied.
    copying: Option<Copying>,
    /// Of a table that is not all in memory.
    hot: Option<Box<HotSet>>,
}

impl HotKeys for GroupTable {
    fn not_in_memory(&mut self, keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
        let missing = self.keys.missing(keys)?;
        self.grow();
        Ok(missing)
    }
}

/// A snapshot on its way out of a table.
struct Copying {
    epoch: u64,
    /// What stands in front of the keys.
    prefix: Box<[u8]>,
    keys: StateKeys,
    rows: SnapshotRows,
}

/// Groups, and bytes of their rows, that are encoded at a time when they leave memory.
const LEAVING_GROUPS: usize = 4096;
const LEAVING_BYTES: usize = 4 << 20;

impl GroupTable {
    /// An empty table. `tracks_changes` as of the first snapshot of its operator.
    pub fn new(aggregation: &Aggregation, tracks_changes: bool) -> Result<Self> {
        Ok(Self {
            keys: KeyTable::new(&aggregation.key_types)?,
            states: CallStates::new(aggregation)?,
            log: ChangeLog::new(tracks_changes),
            groups: Vec::new(),
            copying: None,
            hot: None,
        })
    }

    /// A table whose rows need not all be in memory.
    pub fn partly_cold(aggregation: &Aggregation, hot: HotSet) -> Result<Self> {
        let tracks_changes = hot.cold().keeping() == Keeping::Committed;
        let mut table = Self::new(aggregation, tracks_changes)?;
        table.keys.list_fresh();
        table.hot = Some(Box::new(hot));
        Ok(table)
    }

    /// Whether rows may be elsewhere than in memory.
    pub fn is_cold(&self) -> bool {
        self.hot.as_ref().is_some_and(|hot| hot.is_cold())
    }

    /// The keys.
    pub fn keys(&self) -> &KeyTable {
        &self.keys
    }

    /// The states.
    pub fn states(&self) -> &CallStates {
        &self.states
    }

    /// The states, with the groups of the rows interned last.
    pub fn states_and_groups(&mut self) -> (&mut CallStates, &[Group]) {
        (&mut self.states, &self.groups)
    }

    /// The groups of the rows interned last.
    pub fn last_groups(&self) -> &[Group] {
        &self.groups
    }

    /// Adds rows, or takes them back.
    pub fn update(&mut self, aggregation: &Aggregation, rows: Rows<'_>) -> Result<()> {
        self.intern(aggregation, rows)?;
        self.states.update(aggregation, rows, &self.groups)
    }

    /// Adds encoded states to the groups of rows, one per row.
    pub fn absorb(&mut self, aggregation: &Aggregation, rows: Rows<'_>, states: &BinaryArray) -> Result<()> {
        self.intern(aggregation, rows)?;
        for (row, group) in self.groups.iter().enumerate() {
            let mut input = Stored::new(states.value(row));
            self.states.decode(*group, &mut input)?;
            input.finish()?;
        }
        Ok(())
    }

    /// Finds the group of each row and marks it as changed.
    pub fn intern(&mut self, aggregation: &Aggregation, rows: Rows<'_>) -> Result<()> {
        self.groups.clear();
        let row_count = rows.columns.num_rows();
        self.keys.intern(
            &aggregation.key_columns(rows.columns),
            row_count,
            &mut self.groups,
        )?;
        self.grow();
        if self.hot.is_some() {
            self.load_fresh()?;
        }
        self.log.changed(&self.groups);
        self.copy_thawed()
    }

    /// Gives groups that were just made the state that they have in the cold tier.
    fn load_fresh(&mut self) -> Result<()> {
        let Self {
            keys,
            states,
            groups,
            hot: Some(hot),
            ..
        } = self
        else {
            return Ok(());
        };
        hot.load(keys, |group, value| {
            let mut input = Stored::new(value);
            states.decode(group, &mut input)?;
            input.finish()
        })?;
        hot.used(groups);
        Ok(())
    }

    /// Brings a row into memory if there is one under this canonical key.
    pub fn load_encoded(&mut self, key: &[u8]) -> Result<()> {
        let Some(mut hot) = self.hot.take() else {
            return Ok(());
        };
        let mut groups = Vec::with_capacity(1);
        self.keys.intern_encoded(&[key], &mut groups)?;
        self.grow();
        hot.resize(self.keys.slot_count());
        let mut is_found = false;
        let fresh = hot.load(&mut self.keys, |group, value| {
            is_found = true;
            let mut input = Stored::new(value);
            self.states.decode(group, &mut input)?;
            input.finish()
        })?;
        if !fresh.is_empty() && !is_found {
            self.keys.remove(groups[0]);
        }
        self.hot = Some(hot);
        Ok(())
    }

    /// Makes the one group of a table without key columns.
    pub fn intern_only_group(&mut self) -> Result<()> {
        self.keys.intern_only_group();
        self.grow();
        self.log.changed(&[0]);
        self.copy_thawed()
    }

    fn grow(&mut self) {
        let slot_count = self.keys.slot_count();
        self.states.resize(slot_count);
        self.log.resize(slot_count);
        if let Some(hot) = &mut self.hot {
            hot.resize(slot_count);
        }
    }

    /// Adds the state of groups of another table of the same aggregation.
    pub fn merge(&mut self, other: &Self, from: &[Group]) -> Result<()> {
        let into = from
            .iter()
            .map(|group| self.keys.intern_from(&other.keys, *group))
            .collect::<Vec<_>>();
        self.grow();
        self.log.changed(&into);
        self.copy_thawed()?;
        self.states.merge(&other.states, from, &into)
    }

    /// Adds cold rows of another table of the same aggregation.
    pub fn merge_cold(&mut self, rows: &[ColdEntry]) -> Result<()> {
        let keys = rows.iter().map(ColdEntry::key).collect::<Vec<_>>();
        let mut groups = Vec::with_capacity(rows.len());
        self.keys.intern_encoded(&keys, &mut groups)?;
        self.grow();
        for (group, row) in groups.iter().zip(rows) {
            let mut input = Stored::new(row.value());
            self.states.decode(*group, &mut input)?;
            input.finish()?;
        }
        Ok(())
    }

    /// The results of these groups.
    pub fn evaluate(&self, groups: &[Group]) -> Result<Results> {
        self.states.evaluate(groups)
    }

    /// The groups that have rows, by key.
    pub fn present(&self) -> Vec<Group> {
        let mut groups = self.keys.groups();
        groups.retain(|group| self.states.row_count(*group) > 0);
        self.keys.sort(&mut groups);
        groups
    }

    /// Gives these groups the state of no rows.
    pub fn reset(&mut self, groups: &[Group]) {
        self.states.remove(groups);
    }

    /// Takes the state of these groups of a table that is partly cold. They leave memory if their cold rows can go at once; otherwise
    /// they stay to hide them, and leave as all others do.
    pub fn expire(&mut self, groups: &[Group]) -> Result<()> {
        self.log.changed(groups);
        self.copy_thawed()?;
        self.states.remove(groups);
        let Some(mut hot) = self.hot.take_if(|hot| hot.cold().keeping() == Keeping::Aside) else {
            return Ok(());
        };
        let left = self.leave(&mut hot, groups);
        groups.iter().for_each(|group| hot.forget(*group));
        self.hot = Some(hot);
        left
    }

    /// Forgets these groups; those in an earlier snapshot leave a tombstone.
    pub fn remove(&mut self, groups: &[Group], prefix: &[u8], tombstones: &mut Tombstones) -> Result<()> {
        self.log.thaw(groups);
        self.copy_thawed()?;
        tombstones.add(prefix, &self.keys, &self.log.stored(groups))?;
        self.states.remove(groups);
        groups.iter().for_each(|group| self.keys.remove(*group));
        self.log.removed(groups);
        Ok(())
    }

    /// Forgets everything and keeps the memory; groups in an earlier snapshot leave tombstones. What is frozen is copied before,
    /// to be taken with [`GroupTable::take_copied`].
    pub fn clear(&mut self, prefix: &[u8], tombstones: &mut Tombstones) -> Result<()> {
        self.copy_frozen(usize::MAX)?;
        tombstones.add(prefix, &self.keys, &self.log.stored(&self.keys.groups()))?;
        self.forget();
        Ok(())
    }

    /// Forgets everything and keeps the memory; for tables that are not part of the operator's state.
    pub fn forget(&mut self) {
        self.states.remove(&self.keys.groups());
        self.keys.clear();
        self.log.clear();
        if let Some(hot) = &mut self.hot {
            hot.clear();
        }
    }

    /// What changed since the last snapshot (all, the first time) belongs to the snapshot of this epoch, each group under
    /// `prefix` and its key. It is copied by and by, and before it changes again.
    ///
    /// **Errors** The snapshot before it has not been taken.
    pub fn freeze(&mut self, epoch: u64, prefix: &[u8], keys: StateKeys) -> Result<()> {
        if self.copying.is_some() {
            return Err(Error::Bug("a table is frozen that is frozen already".into()));
        }
        self.log.freeze(&self.keys);
        if self.log.has_frozen() {
            self.copying = Some(Copying {
                epoch,
                prefix: prefix.into(),
                keys,
                rows: SnapshotRows::default(),
            });
        }
        Ok(())
    }

    /// Copies what is frozen of so many groups; those do not count twice that were copied before they changed.
    pub fn copy_frozen(&mut self, count: usize) -> Result<()> {
        let groups = self.log.take_frozen(count);
        self.copy(groups)
    }

    /// Whether there may be frozen groups that are not copied.
    pub fn has_frozen(&self) -> bool {
        self.log.has_frozen()
    }

    /// The rows of the snapshot, all of which have been copied.
    pub fn take_copied(&mut self) -> SnapshotRows {
        self.copying
            .take()
            .map(|copying| copying.rows)
            .unwrap_or_default()
    }

    /// Copies frozen groups that are about to change.
    fn copy_thawed(&mut self) -> Result<()> {
        let thawed = self.log.take_thawed();
        self.copy(thawed)
    }

    fn copy(&mut self, groups: Vec<Group>) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let Some(copying) = &mut self.copying else {
            return Err(Error::Bug("groups are frozen for no snapshot".into()));
        };
        let Copying {
            epoch,
            prefix,
            keys,
            rows,
        } = copying;
        let drops_empty = self.hot.as_ref().is_some_and(|hot| hot.drops_empty());
        let mut value = Vec::new();
        keys.for_each(prefix, &self.keys, &groups, |position, key_group, key| {
            let group = groups[position];
            let is_gone = drops_empty && self.states.row_count(group) == 0;
            value.clear();
            self.states.encode(group, &mut value)?;
            rows.write(StateRow {
                table: keys.table,
                key_group,
                key,
                value: (!is_gone).then_some(&value),
            })
        })?;
        if let Some(hot) = &mut self.hot {
            hot.snapshotted(*epoch, groups);
        }
        Ok(())
    }

    /// Lets go of groups whose snapshot has come into the cold tier.
    pub fn release(&mut self) {
        if let Some(hot) = &mut self.hot {
            hot.release();
        }
    }

    /// Has up to so many groups leave memory; returns how many did. Fewer may where most have changed since the last
    /// checkpoint, or were used just now.
    pub fn evict(&mut self, count: usize) -> Result<usize> {
        let Some(mut hot) = self.hot.take() else {
            return Ok(0);
        };
        let chosen = hot.choose(&self.keys, &self.log, count);
        let left = self.leave(&mut hot, &chosen);
        self.hot = Some(hot);
        left.map(|()| chosen.len())
    }

    /// Whether all groups may leave memory.
    pub fn is_free(&self) -> bool {
        self.hot.as_ref().is_some_and(|hot| hot.is_free(&self.log))
    }

    /// Has all groups leave memory; the table is of no use after that. They have to be free.
    pub fn evict_all(mut self) -> Result<()> {
        let Some(mut hot) = self.hot.take() else {
            return Ok(());
        };
        let groups = self.keys.groups();
        self.leave(&mut hot, &groups)
    }

    fn leave(&mut self, hot: &mut HotSet, chosen: &[Group]) -> Result<()> {
        if chosen.is_empty() {
            return Ok(());
        }
        if hot.cold().keeping() == Keeping::Aside {
            let mut keys = KeyBytes::default();
            let (mut rows, mut bytes) = (Vec::new(), 0);
            for groups in chosen.chunks(LEAVING_GROUPS) {
                self.keys.encode(groups, &mut keys)?;
                for (position, group) in groups.iter().enumerate() {
                    let key = keys.row(position);
                    let is_gone = hot.drops_empty() && self.states.row_count(*group) == 0;
                    let mut row = stored_key(key);
                    self.states.encode(*group, &mut row)?;
                    bytes += row.len() + 2 * key.len();
                    rows.push((place(hot.prefix(), key), (!is_gone).then_some(row)));
                    if bytes > LEAVING_BYTES {
                        hot.cold().put_aside(std::mem::take(&mut rows))?;
                        bytes = 0;
                    }
                }
            }
            hot.cold().put_aside(rows)?;
        }
        hot.set_cold();
        hot.cold().count_evictions(chosen.len());
        self.states.remove(chosen);
        chosen.iter().for_each(|group| self.keys.remove(*group));
        self.log.removed(chosen);
        Ok(())
    }

    /// How many more groups fit before memory grows.
    pub fn room(&self) -> usize {
        self.keys.room()
    }

    /// How much of it is in memory.
    pub fn in_memory(&self) -> HotTable {
        HotTable {
            group_count: self.keys.len(),
            room: self.room(),
            fixed_bytes: self.fixed_bytes(),
        }
    }

    /// How many groups changed since the last snapshot, at the most.
    pub fn changed_count(&self) -> usize {
        self.log.changed_count()
    }

    /// The part of the table's bytes that is known at once: without what states hold outside of themselves.
    pub fn fixed_bytes(&self) -> usize {
        let hot = self.hot.as_ref().map_or(0, |hot| hot.state_bytes());
        self.keys.state_bytes() + self.states.fixed_bytes() + self.log.state_bytes() + hot
    }

    /// Takes groups from a snapshot: keys and values, each in place of what there is under its key. Without a value it is
    /// forgotten.
    pub fn restore(&mut self, rows: &[(&[u8], Option<&[u8]>)]) -> Result<()> {
        let mut keys = Vec::with_capacity(rows.len());
        let mut groups = Vec::with_capacity(rows.len());
        for run in rows.chunk_by(|left, right| left.1.is_some() == right.1.is_some()) {
            keys.clear();
            groups.clear();
            keys.extend(run.iter().map(|(key, _)| *key));
            self.keys.intern_encoded(&keys, &mut groups)?;
            self.grow();
            for (group, (_, value)) in groups.iter().zip(run) {
                self.states.remove(&[*group]);
                match value {
                    None => self.keys.remove(*group),
                    Some(value) => {
                        let mut input = Stored::new(value);
                        self.states.decode(*group, &mut input)?;
                        input.finish()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends a restore. `is_continued`: what was restored need not be written again.
    pub fn finish_restore(&mut self, is_continued: bool) {
        if is_continued {
            self.log.go_on(self.keys.slot_count(), &self.keys.groups());
        }
    }

    /// Bytes that the table takes.
    pub fn state_bytes(&self) -> usize {
        self.fixed_bytes() - self.states.fixed_bytes() + self.states.state_bytes()
    }
}
