//! Which slices, and which of their groups, are in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::slice_store::prefix;
use super::slicing::Span;
use crate::error::Result;
use crate::key::{hash_bytes, key_group};
use crate::operator::group::{Aggregation, GroupTable, HotBudget, HotSet, StateKeys};
use crate::state::cold::{ColdRow, ColdState, Keeping};
use crate::state::{StateRow, StateWriter};

/// Rows of slices that are over are taken out of the tier so many at a time.
const SWEPT_ROWS: usize = 4096;
/// What is in memory is looked at after so many rows at the latest.
const CHECK_ROWS: usize = 1024;

/// The tables of a store that may be partly cold.
///
/// Slices that were not used for long leave memory as a whole, which gives their memory back; within the slice that is
/// filled, single groups leave.
pub(super) struct SliceMemory {
    budget: HotBudget,
    unchecked_rows: usize,
    /// When each slice was used last, by a count of uses.
    used: BTreeMap<Span, u64>,
    use_count: u64,
    /// Slices that are over, whose rows are still stored.
    over: VecDeque<OverSlice>,
}

/// A slice whose rows are taken out of the stored state, some with each snapshot.
struct OverSlice {
    slice: Span,
    /// Snapshots up to this epoch may have rows of it.
    epoch: u64,
    swept: Option<Vec<u8>>,
}

impl SliceMemory {
    pub(super) fn new(cold: Arc<ColdState>) -> Self {
        Self {
            budget: HotBudget::new(cold),
            unchecked_rows: 0,
            used: BTreeMap::new(),
            use_count: 0,
            over: VecDeque::new(),
        }
    }

    pub(super) fn cold(&self) -> &Arc<ColdState> {
        self.budget.cold()
    }

    /// An empty table for a slice.
    pub(super) fn table(&self, slice: Span, is_cold: bool, aggregation: &Aggregation) -> Result<GroupTable> {
        let hot = HotSet::new(Arc::clone(self.cold()), &prefix(slice), is_cold, false);
        GroupTable::partly_cold(aggregation, hot)
    }

    /// Has rows leave memory if there would be too much in it with so many more rows of a slice.
    pub(super) fn make_room(
        &mut self,
        slices: &mut BTreeMap<Span, GroupTable>,
        slice: Span,
        row_count: usize,
        aggregation: &Aggregation,
    ) -> Result<()> {
        self.use_count += 1;
        self.used.insert(slice, self.use_count);
        self.unchecked_rows += row_count;
        let budget_bytes = self.cold().budget_bytes();
        let (room, table_bytes) = slices
            .get(&slice)
            .map_or((0, 0), |table| (table.room(), table.fixed_bytes()));
        let grows_much = room < row_count && table_bytes > budget_bytes / 32;
        if !grows_much && self.unchecked_rows < CHECK_ROWS.min(budget_bytes / CHECK_ROWS) {
            return Ok(());
        }
        let unchecked_rows = std::mem::take(&mut self.unchecked_rows);
        slices.values_mut().for_each(GroupTable::release);
        let slot_count = slices
            .values()
            .map(|table| table.keys().slot_count())
            .sum::<usize>();
        let fixed = slices.values().map(GroupTable::fixed_bytes).sum();
        let count = || slices.values().map(GroupTable::state_bytes).sum();
        let bytes = self.budget.bytes(unchecked_rows, slot_count, fixed, count);
        let excess = self.budget.excess(bytes, table_bytes, room, row_count);
        let rest = bytes.saturating_sub(self.shrink(slices, slice, excess, aggregation)?);
        if let Some(table) = slices.get_mut(&slice) {
            let leaving = self.budget.leaving(rest, table.in_memory(), row_count);
            if leaving > 0 && table.evict(leaving)? > 0 {
                self.budget.left();
            }
        }
        let changed = slices.values().map(GroupTable::changed_count).sum::<usize>();
        self.cold()
            .set_changed(changed.saturating_mul(bytes / slot_count.max(1)));
        Ok(())
    }

    /// Has whole slices leave memory, the one that was used longest ago first, until so many bytes are free; never `kept`.
    /// Returns how many are.
    fn shrink(
        &mut self,
        slices: &mut BTreeMap<Span, GroupTable>,
        kept: Span,
        excess: usize,
        aggregation: &Aggregation,
    ) -> Result<usize> {
        let mut freed = 0;
        if excess == 0 {
            return Ok(freed);
        }
        let used = |slice: &Span| self.used.get(slice).copied().unwrap_or_default();
        let mut others = slices
            .iter()
            .filter(|(slice, table)| **slice != kept && table.is_free() && table.fixed_bytes() > 0)
            .map(|(slice, _)| (used(slice), *slice))
            .collect::<Vec<_>>();
        others.sort_unstable();
        for (_, slice) in others {
            if freed >= excess {
                break;
            }
            if let Some(table) = slices.get_mut(&slice) {
                let is_cold = table.is_cold() || !table.keys().is_empty();
                let empty = self.table(slice, is_cold, aggregation)?;
                let whole = std::mem::replace(table, empty);
                freed += whole.state_bytes();
                whole.evict_all()?;
                self.budget.left();
            }
        }
        Ok(freed)
    }

    /// A slice is over: its rows are not needed any more.
    pub(super) fn forget(&mut self, slice: Span, is_cold: bool) -> Result<()> {
        self.used.remove(&slice);
        let cold = self.cold();
        let over = OverSlice {
            slice,
            epoch: cold.snapshotted(),
            swept: None,
        };
        match cold.keeping() {
            Keeping::Aside if is_cold => sweep_aside(cold, slice),
            Keeping::Aside => Ok(()),
            Keeping::Committed => {
                self.over.push_back(over);
                Ok(())
            }
        }
    }

    /// Takes rows of slices that are over out of the stored state: some, so that a snapshot stays small. The others follow;
    /// after a restart they are found to be over again.
    pub(super) fn sweep(&mut self, keys: &StateKeys, state: &mut dyn StateWriter) -> Result<()> {
        let cold = Arc::clone(self.cold());
        // Enough that rows do not come faster than they go, few enough that a snapshot stays small.
        let mut left = (4 * SWEPT_ROWS).max(cold.budget_bytes() / 512);
        while let Some(over) = self.over.front_mut() {
            if left == 0 || over.epoch > cold.applied() {
                break;
            }
            let prefix = prefix(over.slice);
            let wanted = left.min(SWEPT_ROWS);
            let rows = cold.scan(&prefix, over.swept.as_deref(), wanted)?;
            for row in &rows {
                state.write(StateRow {
                    table: keys.table,
                    key_group: key_group(hash_bytes(row.key()), keys.key_groups),
                    key: &[&prefix, row.key()].concat(),
                    value: None,
                })?;
            }
            left -= rows.len();
            match rows.last() {
                Some(last) if rows.len() == wanted => over.swept = Some(last.place.to_vec()),
                _ => {
                    self.over.pop_front();
                }
            }
        }
        Ok(())
    }
}

/// Takes all cold rows of a slice out of a tier that is only a place to put rows aside.
fn sweep_aside(cold: &ColdState, slice: Span) -> Result<()> {
    let prefix = prefix(slice);
    let mut gone = Vec::new();
    loop {
        let after = gone.last().map(|(place, _): &ColdRow| place.clone());
        let rows = cold.scan(&prefix, after.as_deref(), SWEPT_ROWS)?;
        let is_last = rows.len() < SWEPT_ROWS;
        gone.extend(rows.into_iter().map(|row| (row.place.to_vec(), None)));
        // What is gone is not found again, so that a scan may begin anew.
        if is_last || gone.len() >= 8 * SWEPT_ROWS {
            cold.put_aside(std::mem::take(&mut gone))?;
        }
        if is_last {
            return Ok(());
        }
    }
}
