//! How much of an operator's state may stay in memory.

use std::sync::Arc;

use crate::state::cold::ColdState;

/// Bytes that states hold outside of themselves are counted again after so many rows at the least.
const RECOUNT_ROWS: usize = 4096;
/// What a row takes at the least.
const ROW_BYTES: usize = 64;

/// How much of a table is in memory.
#[derive(Debug, Clone, Copy)]
pub struct HotTable {
    /// Its groups.
    pub group_count: usize,
    /// How many more fit before it grows.
    pub room: usize,
    /// The part of its bytes that is known at once.
    pub fixed_bytes: usize,
}

/// Keeps the bytes of an operator's state below those that it may have in memory.
///
/// What tables take is known at once; what is held besides, by lists and sets, is counted now and then.
#[derive(Debug)]
pub struct HotBudget {
    cold: Arc<ColdState>,
    heap_bytes: usize,
    uncounted_rows: usize,
}

impl HotBudget {
    /// Nothing is in memory.
    pub fn new(cold: Arc<ColdState>) -> Self {
        Self {
            cold,
            heap_bytes: 0,
            uncounted_rows: 0,
        }
    }

    /// The cold rows.
    pub fn cold(&self) -> &Arc<ColdState> {
        &self.cold
    }

    /// The bytes in memory before `row_count` rows are added: `fixed` is known, `count` counts all.
    pub fn bytes(
        &mut self,
        row_count: usize,
        slot_count: usize,
        fixed: usize,
        count: impl FnOnce() -> usize,
    ) -> usize {
        if self.uncounted_rows >= RECOUNT_ROWS.max(slot_count / 4) {
            self.heap_bytes = count().saturating_sub(fixed);
            self.uncounted_rows = 0;
        }
        self.uncounted_rows += row_count;
        fixed + self.heap_bytes
    }

    /// Groups have left: they are counted again.
    pub fn left(&mut self) {
        self.uncounted_rows = usize::MAX / 2;
    }

    /// Bytes over the budget if a table of `table_bytes`, with room for so many rows, takes `row_count` more.
    pub fn excess(&self, bytes: usize, table_bytes: usize, room: usize, row_count: usize) -> usize {
        (bytes + growth(table_bytes, room, row_count)).saturating_sub(self.cold.budget_bytes())
    }

    /// How many of a table's `group_count` groups have to leave memory: enough to take the rows without growing, where the
    /// table must not grow; and as many as hold too much outside of it. Some more leave, so that the next batches find room.
    pub fn leaving(&self, bytes: usize, table: HotTable, row_count: usize) -> usize {
        let group_count = table.group_count;
        let budget_bytes = self.cold.budget_bytes();
        let growth = growth(table.fixed_bytes, table.room, row_count);
        if growth > 0 && bytes + growth > budget_bytes {
            return row_count.max(group_count / 8).min(group_count);
        }
        // Tables do not shrink: only what states hold besides gets less.
        match bytes.saturating_sub(budget_bytes).min(self.heap_bytes) {
            0 => 0,
            over => {
                let share = group_count as u128 * over as u128 / self.heap_bytes as u128;
                (share as usize + group_count / 8).clamp(1, group_count.max(1))
            }
        }
    }
}

/// How much a table grows by so many rows: by doubling.
fn growth(table_bytes: usize, room: usize, row_count: usize) -> usize {
    match room < row_count {
        true => table_bytes.max(row_count * ROW_BYTES),
        false => 0,
    }
}
