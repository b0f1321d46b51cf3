//! Stored rows that came to their end while they were not in memory, on their way out.

use bytes::Bytes;

use super::keyed_state::{KeyContent, KeyedState};
use super::swept::{HotKeys, SWEPT_TIMES, Swept};
use crate::error::Result;
use crate::key::{hash_bytes, key_group};
use crate::state::cold::{Keeping, before_time, place};
use crate::state::{StateRow, StateWriter};

impl<C: KeyContent> HotKeys for KeyedState<C> {
    fn not_in_memory(&mut self, keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
        KeyedState::not_in_memory(self, keys)
    }
}

impl<C: KeyContent> KeyedState<C> {
    /// Takes what came to its end at or before a time out of a tier that is only a place to put rows aside.
    pub fn sweep_aside(&mut self, up_to: i64) -> Result<()> {
        let Some(cold) = self.cold_rows().cloned() else {
            return Ok(());
        };
        if cold.keeping() != Keeping::Aside {
            return Ok(());
        }
        let mut after = before_time(i64::MIN);
        loop {
            let swept = Swept::next(self, &cold, &after, up_to, SWEPT_TIMES)?;
            let Some(last) = swept.places.last() else {
                return Ok(());
            };
            after = last.to_vec();
            let times = swept.places.iter().map(|place| (place.to_vec(), None));
            let rows = swept.over.iter().map(|key| (place(&[], key), None));
            cold.put_aside(times.chain(rows).collect())?;
        }
    }

    /// Writes tombstones for what came to its end at or before a time while it was not in memory: some, so that a snapshot
    /// stays small. The others follow; after a restart they are found again.
    pub(super) fn sweep(&mut self, epoch: u64, up_to: i64, state: &mut dyn StateWriter) -> Result<()> {
        let Some(cold) = self.cold_rows().cloned() else {
            return Ok(());
        };
        // Enough that rows do not come faster than they go, few enough that a snapshot stays small.
        let mut left = (4 * SWEPT_TIMES).max(cold.budget_bytes() / 512);
        let begun = cold.swept_up_to();
        let mut after = begun.unwrap_or_else(|| before_time(i64::MIN));
        let mut is_any = false;
        while left > 0 {
            let swept = Swept::next(self, &cold, &after, up_to, left.min(SWEPT_TIMES))?;
            let Some(last) = swept.places.last() else {
                break;
            };
            after = last.to_vec();
            is_any = true;
            left -= swept.places.len();
            for key in &swept.over {
                state.write(StateRow {
                    table: self.state_keys.table,
                    key_group: key_group(hash_bytes(key), self.state_keys.key_groups),
                    key,
                    value: None,
                })?;
            }
        }
        if is_any {
            cold.sweep_times(epoch, after);
        }
        Ok(())
    }
}
