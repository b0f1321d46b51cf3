//! Which results before and after each row make up the changelog.

use arrow::array::{ArrayRef, Int64Array, UInt32Array};
use arrow::array::{DynComparator, make_comparator};
use arrow::compute::{SortOptions, concat, take};

use crate::batch::RowKind;
use crate::error::Result;
use crate::operator::aggregate::{AggregateRows, Evaluated, GroupedAggregate};
use crate::operator::group::{CallRows, Group, Rows};
use crate::plan::AggregateCall;

/// The groups of a batch, each numbered by its first row.
#[derive(Debug, Default)]
pub(super) struct BatchGroups {
    /// The distinct groups, by first row.
    pub(super) distinct: Vec<Group>,
    /// Per row, the position of its group in `distinct`.
    pub(super) local: Vec<u32>,
    stamps: Vec<(u64, u32)>,
    batch: u64,
}

impl BatchGroups {
    /// Takes the groups of the rows of a batch.
    pub(super) fn fill(&mut self, groups: &[Group]) {
        self.distinct.clear();
        self.local.clear();
        self.batch += 1;
        for group in groups {
            let index = *group as usize;
            if self.stamps.len() <= index {
                self.stamps.resize(index + 1, (0, 0));
            }
            if self.stamps[index].0 != self.batch {
                self.stamps[index] = (self.batch, self.distinct.len() as u32);
                self.distinct.push(*group);
            }
            self.local.push(self.stamps[index].1);
        }
    }

    /// Bytes that it takes.
    pub(super) fn state_bytes(&self) -> usize {
        self.stamps.capacity() * size_of::<(u64, u32)>()
    }
}

/// One call's results: first of each distinct group before the batch, then of each row's group after that row.
pub(super) struct CallResults {
    pub(super) array: ArrayRef,
    pub(super) failures: Vec<(usize, String)>,
}

impl CallResults {
    /// Adds the rows of a batch to a call's state and keeps all results on the way.
    pub(super) fn of_call(
        call: &AggregateCall,
        aggregate: &mut dyn GroupedAggregate,
        rows: Rows<'_>,
        groups: &[Group],
        batch: &BatchGroups,
    ) -> Result<Self> {
        let before = aggregate.evaluate(&batch.distinct)?;
        let call_rows = CallRows::new(call, rows, groups)?;
        let passed: AggregateRows<'_> = call_rows.rows(rows);
        let after = aggregate.update_each(passed, call_rows.groups(groups))?;
        let all = Self::joined(before, after)?;
        match call_rows.mask() {
            None => Ok(all),
            Some(passes) => all.spread(passes, batch),
        }
    }

    /// The number of rows, before the batch and after each row.
    pub(super) fn of_counts(before: &[i64], after: &[i64]) -> Self {
        let counts = before.iter().chain(after).copied();
        Self {
            array: std::sync::Arc::new(Int64Array::from_iter_values(counts)),
            failures: Vec::new(),
        }
    }

    fn joined(before: Evaluated, after: Evaluated) -> Result<Self> {
        let offset = before.array.len();
        let mut failures = before.failures;
        failures.extend(
            after
                .failures
                .into_iter()
                .map(|(row, reason)| (row + offset, reason)),
        );
        Ok(Self {
            array: concat(&[before.array.as_ref(), after.array.as_ref()])?,
            failures,
        })
    }

    /// From results after the rows that pass a filter to results after all rows.
    fn spread(self, passes: impl Iterator<Item = bool>, batch: &BatchGroups) -> Result<Self> {
        let group_count = batch.distinct.len() as u32;
        let mut last = (0..group_count).collect::<Vec<_>>();
        let mut positions = last.clone();
        let mut next = group_count;
        for (passes, local) in passes.zip(&batch.local) {
            if passes {
                last[*local as usize] = next;
                next += 1;
            }
            positions.push(last[*local as usize]);
        }
        let mut failures = Vec::new();
        for (position, from) in positions.iter().enumerate() {
            let found = self
                .failures
                .binary_search_by_key(&(*from as usize), |(row, _)| *row);
            failures.extend(found.ok().map(|index| (position, self.failures[index].1.clone())));
        }
        Ok(Self {
            array: take(&self.array, &UInt32Array::from(positions), None)?,
            failures,
        })
    }
}

/// Rows of the changelog: from which position of the results, of which kind, caused by which input row.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) positions: Vec<u32>,
    pub(super) kinds: Vec<RowKind>,
    pub(super) rows: Vec<u32>,
    /// Results that do not fit: (position, input row).
    pub(super) failed: Vec<(u32, u32)>,
}

/// Whether a group has a result before and after each row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Presence {
    pub(super) before: bool,
    pub(super) after: bool,
}

impl Changes {
    /// Picks the changes of a batch. `repeats`: also updates that change nothing.
    pub(super) fn of(
        batch: &BatchGroups,
        presence: &[Presence],
        results: &[CallResults],
        repeats: bool,
    ) -> Result<Self> {
        let comparators = results
            .iter()
            .map(|result| make_comparator(&result.array, &result.array, SortOptions::default()))
            .collect::<Result<Vec<DynComparator>, _>>()?;
        let is_same = |old: u32, new: u32| {
            comparators
                .iter()
                .all(|compare| compare(old as usize, new as usize).is_eq())
        };
        let group_count = batch.distinct.len();
        let mut failed = vec![
            false;
            if results.iter().any(|result| !result.failures.is_empty()) {
                group_count + batch.local.len()
            } else {
                0
            }
        ];
        for (position, _) in results.iter().flat_map(|result| &result.failures) {
            failed[*position] = true;
        }
        let is_failed = |position: u32| failed.get(position as usize).copied().unwrap_or(false);
        let mut last = (0..group_count as u32).collect::<Vec<_>>();
        let mut changes = Self::default();
        for (row, (local, presence)) in batch.local.iter().zip(presence).enumerate() {
            let (old, new) = (last[*local as usize], (group_count + row) as u32);
            last[*local as usize] = new;
            let row = row as u32;
            let had = presence.before && !is_failed(old);
            let has = presence.after && !is_failed(new);
            match (had, has) {
                (false, false) => {}
                (false, true) => changes.push(new, RowKind::Insert, row),
                (true, false) => changes.push(old, RowKind::Delete, row),
                (true, true) if !repeats && is_same(old, new) => {}
                (true, true) => {
                    changes.push(old, RowKind::UpdateBefore, row);
                    changes.push(new, RowKind::UpdateAfter, row);
                }
            }
            if presence.after && is_failed(new) {
                changes.failed.push((new, row));
            }
        }
        Ok(changes)
    }

    fn push(&mut self, position: u32, kind: RowKind, row: u32) {
        self.positions.push(position);
        self.kinds.push(kind);
        self.rows.push(row);
    }
}
