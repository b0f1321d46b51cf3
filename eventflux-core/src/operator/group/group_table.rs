//! Groups with the state of all calls: the heart of every aggregation.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::aggregation::{Aggregation, CallRows, Rows};
use super::change_log::{ChangeLog, StateKeys, Tombstones};
use super::{Group, KeyTable};
use crate::batch::RowKind;
use crate::error::Result;
use crate::operator::aggregate::{Evaluated, GroupedAggregate, Stored};
use crate::state::{StateRow, StateWriter};

/// Keys, the number of rows of each, and the state of each call.
///
/// **Invariants** All vectors are as long as the key table has slots. A group whose rows were all taken back has a row
/// count of zero and stays until it is removed; a count below zero means that rows were taken back that never came.
pub struct GroupTable {
    keys: KeyTable,
    row_counts: Vec<i64>,
    aggregates: Vec<Option<Box<dyn GroupedAggregate>>>,
    log: ChangeLog,
    groups: Vec<Group>,
}

/// The results of groups, or of rows, one column per call.
#[derive(Debug, Clone)]
pub struct Results {
    /// One column per call.
    pub columns: Vec<ArrayRef>,
    /// Results that do not fit their type: (row, why), by row.
    pub failures: Vec<(usize, String)>,
}

impl Results {
    fn new(evaluated: Vec<Evaluated>) -> Self {
        let mut columns = Vec::with_capacity(evaluated.len());
        let mut failures = Vec::new();
        for evaluated in evaluated {
            columns.push(evaluated.array);
            failures.extend(evaluated.failures);
        }
        failures.sort_by_key(|(row, _)| *row);
        failures.dedup_by_key(|(row, _)| *row);
        Self { columns, failures }
    }
}

impl GroupTable {
    /// An empty table. `tracks_changes` as of the first snapshot of its operator.
    pub fn new(aggregation: &Aggregation, tracks_changes: bool) -> Result<Self> {
        Ok(Self {
            keys: KeyTable::new(&aggregation.key_types)?,
            row_counts: Vec::new(),
            aggregates: aggregation.build_aggregates()?,
            log: ChangeLog::new(tracks_changes),
            groups: Vec::new(),
        })
    }

    /// The keys.
    pub fn keys(&self) -> &KeyTable {
        &self.keys
    }

    /// How many rows a group has.
    pub fn row_count(&self, group: Group) -> i64 {
        self.row_counts[group as usize]
    }

    /// Adds rows, or takes them back. Returns the group of each row.
    pub fn update(&mut self, aggregation: &Aggregation, rows: Rows<'_>) -> Result<&[Group]> {
        self.intern(aggregation, rows)?;
        let groups = std::mem::take(&mut self.groups);
        count_rows(&mut self.row_counts, &groups, rows.kinds);
        for (call, aggregate) in aggregation.calls.iter().zip(&mut self.aggregates) {
            if let Some(aggregate) = aggregate {
                let call_rows = CallRows::new(call, rows, &groups)?;
                aggregate.update(call_rows.rows(rows), call_rows.groups(&groups))?;
            }
        }
        self.groups = groups;
        Ok(&self.groups)
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

    /// The groups of the rows interned last.
    pub fn last_groups(&self) -> &[Group] {
        &self.groups
    }

    fn grow(&mut self) {
        let slot_count = self.keys.slot_count();
        if self.row_counts.len() < slot_count {
            self.row_counts.resize(slot_count, 0);
            for aggregate in self.aggregates.iter_mut().flatten() {
                aggregate.resize(slot_count);
            }
        }
        self.log.resize(slot_count);
    }

    /// The calls' aggregates, and the groups of the rows interned last, for an operator that goes row by row.
    pub fn aggregates_and_groups(&mut self) -> (&mut [Option<Box<dyn GroupedAggregate>>], &[Group]) {
        (&mut self.aggregates, &self.groups)
    }

    /// Sets how many rows these groups have.
    pub fn set_row_counts(&mut self, groups: &[Group], counts: &[i64]) {
        for (group, count) in groups.iter().zip(counts) {
            self.row_counts[*group as usize] = *count;
        }
    }

    /// Makes the one group of a table without key columns.
    pub fn intern_only_group(&mut self) {
        self.keys.intern_only_group();
        self.grow();
        self.log.changed(&[0]);
    }

    /// Adds the state of groups of another table of the same aggregation.
    pub fn merge(&mut self, other: &Self, from: &[Group]) -> Result<()> {
        let into = from
            .iter()
            .map(|group| self.keys.intern_from(&other.keys, *group))
            .collect::<Vec<_>>();
        self.grow();
        self.log.changed(&into);
        for (from, into) in from.iter().zip(&into) {
            self.row_counts[*into as usize] += other.row_counts[*from as usize];
        }
        for (aggregate, other) in self.aggregates.iter_mut().zip(&other.aggregates) {
            if let (Some(aggregate), Some(other)) = (aggregate, other) {
                aggregate.merge(other.as_ref(), from, &into)?;
            }
        }
        Ok(())
    }

    /// The results of these groups.
    pub fn evaluate(&self, groups: &[Group]) -> Result<Results> {
        let counts = || {
            groups
                .iter()
                .map(|group| self.row_counts[*group as usize])
                .collect::<Vec<_>>()
        };
        let evaluated = self.aggregates.iter().map(|aggregate| match aggregate {
            Some(aggregate) => aggregate.evaluate(groups),
            None => Ok(Evaluated::fits(Arc::new(Int64Array::from(counts())))),
        });
        Ok(Results::new(evaluated.collect::<Result<_>>()?))
    }

    /// The groups that have rows, by key.
    pub fn present(&self) -> Vec<Group> {
        let mut groups = self.keys.groups();
        groups.retain(|group| self.row_counts[*group as usize] > 0);
        self.keys.sort(&mut groups);
        groups
    }

    /// Forgets these groups; those in an earlier snapshot leave a tombstone.
    pub fn remove(&mut self, groups: &[Group], prefix: &[u8], tombstones: &mut Tombstones) -> Result<()> {
        tombstones.add(prefix, &self.keys, &self.log.stored(groups))?;
        for aggregate in self.aggregates.iter_mut().flatten() {
            aggregate.remove(groups);
        }
        for group in groups {
            self.row_counts[*group as usize] = 0;
            self.keys.remove(*group);
        }
        self.log.removed(groups);
        Ok(())
    }

    /// Forgets everything and keeps the memory; groups in an earlier snapshot leave tombstones.
    pub fn clear(&mut self, prefix: &[u8], tombstones: &mut Tombstones) -> Result<()> {
        let groups = self.keys.groups();
        tombstones.add(prefix, &self.keys, &self.log.stored(&groups))?;
        self.forget();
        Ok(())
    }

    /// Forgets everything and keeps the memory; for tables that are not part of the operator's state.
    pub fn forget(&mut self) {
        let groups = self.keys.groups();
        for aggregate in self.aggregates.iter_mut().flatten() {
            aggregate.remove(&groups);
        }
        self.row_counts.fill(0);
        self.keys.clear();
        self.log.clear();
    }

    /// Writes the groups changed since the last call (all, the first time), each under `prefix` and its key.
    pub fn snapshot(&mut self, prefix: &[u8], keys: &StateKeys, state: &mut dyn StateWriter) -> Result<()> {
        let groups = self.log.take(self.keys.slot_count(), || self.keys.groups());
        let mut value = Vec::new();
        keys.for_each(prefix, &self.keys, &groups, |position, key_group, key| {
            value.clear();
            self.encode(groups[position], &mut value);
            state.write(StateRow {
                table: keys.table,
                key_group,
                key,
                value: Some(&value),
            })
        })
    }

    fn encode(&self, group: Group, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.row_counts[group as usize].to_be_bytes());
        for aggregate in self.aggregates.iter().flatten() {
            aggregate.encode(group, out);
        }
    }

    /// Takes a group from a snapshot, in place of what it has under this key; without a value, forgets it.
    pub fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let mut groups = Vec::with_capacity(1);
        self.keys.intern_encoded(&[key], &mut groups)?;
        self.grow();
        for aggregate in self.aggregates.iter_mut().flatten() {
            aggregate.remove(&groups);
        }
        let group = groups[0];
        match value {
            None => {
                self.row_counts[group as usize] = 0;
                self.keys.remove(group);
            }
            Some(value) => {
                let mut input = Stored::new(value);
                self.row_counts[group as usize] = input.i64()?;
                for aggregate in self.aggregates.iter_mut().flatten() {
                    aggregate.decode(group, &mut input)?;
                }
                input.finish()?;
            }
        }
        Ok(())
    }

    /// Bytes that the table takes.
    pub fn state_bytes(&self) -> usize {
        let aggregates = self
            .aggregates
            .iter()
            .flatten()
            .map(|aggregate| aggregate.state_bytes())
            .sum::<usize>();
        self.keys.state_bytes()
            + self.row_counts.capacity() * size_of::<i64>()
            + self.log.state_bytes()
            + aggregates
    }
}

/// Adds the rows to the counts of their groups.
fn count_rows(counts: &mut [i64], groups: &[Group], kinds: Option<&[RowKind]>) {
    match kinds {
        None => groups.iter().for_each(|group| counts[*group as usize] += 1),
        Some(kinds) => {
            for (group, kind) in groups.iter().zip(kinds) {
                counts[*group as usize] += if kind.is_addition() { 1 } else { -1 };
            }
        }
    }
}
