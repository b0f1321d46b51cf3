//! Groups by key: the heart of every aggregation.

use super::aggregation::{Aggregation, Rows};
use super::call_states::{CallStates, Results};
use super::change_log::{ChangeLog, StateKeys, Tombstones};
use super::{Group, KeyTable};
use crate::error::Result;
use crate::operator::aggregate::Stored;
use crate::state::{StateRow, StateWriter};

/// Keys with the state of each, and what of it changed since the last snapshot.
///
/// **Invariants** There is state for every slot of the key table. A group whose rows were all taken back has a row count
/// of zero and stays until it is removed.
pub struct GroupTable {
    keys: KeyTable,
    states: CallStates,
    log: ChangeLog,
    groups: Vec<Group>,
}

impl GroupTable {
    /// An empty table. `tracks_changes` as of the first snapshot of its operator.
    pub fn new(aggregation: &Aggregation, tracks_changes: bool) -> Result<Self> {
        Ok(Self {
            keys: KeyTable::new(&aggregation.key_types)?,
            states: CallStates::new(aggregation)?,
            log: ChangeLog::new(tracks_changes),
            groups: Vec::new(),
        })
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
        self.log.changed(&self.groups);
        Ok(())
    }

    /// Makes the one group of a table without key columns.
    pub fn intern_only_group(&mut self) {
        self.keys.intern_only_group();
        self.grow();
        self.log.changed(&[0]);
    }

    fn grow(&mut self) {
        let slot_count = self.keys.slot_count();
        self.states.resize(slot_count);
        self.log.resize(slot_count);
    }

    /// Adds the state of groups of another table of the same aggregation.
    pub fn merge(&mut self, other: &Self, from: &[Group]) -> Result<()> {
        let into = from
            .iter()
            .map(|group| self.keys.intern_from(&other.keys, *group))
            .collect::<Vec<_>>();
        self.grow();
        self.log.changed(&into);
        self.states.merge(&other.states, from, &into)
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

    /// Forgets these groups; those in an earlier snapshot leave a tombstone.
    pub fn remove(&mut self, groups: &[Group], prefix: &[u8], tombstones: &mut Tombstones) -> Result<()> {
        tombstones.add(prefix, &self.keys, &self.log.stored(groups))?;
        self.states.remove(groups);
        groups.iter().for_each(|group| self.keys.remove(*group));
        self.log.removed(groups);
        Ok(())
    }

    /// Forgets everything and keeps the memory; groups in an earlier snapshot leave tombstones.
    pub fn clear(&mut self, prefix: &[u8], tombstones: &mut Tombstones) -> Result<()> {
        tombstones.add(prefix, &self.keys, &self.log.stored(&self.keys.groups()))?;
        self.forget();
        Ok(())
    }

    /// Forgets everything and keeps the memory; for tables that are not part of the operator's state.
    pub fn forget(&mut self) {
        self.states.remove(&self.keys.groups());
        self.keys.clear();
        self.log.clear();
    }

    /// Writes the groups changed since the last call (all, the first time), each under `prefix` and its key.
    pub fn snapshot(&mut self, prefix: &[u8], keys: &StateKeys, state: &mut dyn StateWriter) -> Result<()> {
        let groups = self.log.take(self.keys.slot_count(), || self.keys.groups());
        let mut value = Vec::new();
        keys.for_each(prefix, &self.keys, &groups, |position, key_group, key| {
            value.clear();
            self.states.encode(groups[position], &mut value)?;
            state.write(StateRow {
                table: keys.table,
                key_group,
                key,
                value: Some(&value),
            })
        })
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
        self.keys.state_bytes() + self.states.state_bytes() + self.log.state_bytes()
    }
}
