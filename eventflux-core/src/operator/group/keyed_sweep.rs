//! Stored keys that came to their end while they were not in memory.

use bytes::Bytes;

use super::Sweep;
use super::keyed_state::{KeyContent, KeyedState};
use super::swept::{HotKeys, SWEPT_TIMES};
use crate::error::Result;
use crate::state::cold::Keeping;

impl<C: KeyContent> HotKeys for KeyedState<C> {
    fn not_in_memory(&mut self, keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
        KeyedState::not_in_memory(self, keys)
    }
}

impl<C: KeyContent> KeyedState<C> {
    /// Takes what came to its end at or before a time out of a tier that is only a place to put rows aside.
    pub fn sweep_aside(&mut self, up_to: i64) -> Result<()> {
        match self.cold_rows().cloned() {
            Some(cold) if cold.keeping() == Keeping::Aside => {
                let mut gone = Vec::new();
                Sweep::default().step(self, &cold, up_to, usize::MAX, &mut gone)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The keys of what came to its end at or before a time while it was not in memory, for the snapshot of an epoch to take out: some, so
    /// that it stays small. The others follow; after a restart they are found again.
    pub(super) fn sweep(&mut self, epoch: u64, up_to: i64) -> Result<Vec<Bytes>> {
        let mut gone = Vec::new();
        if let Some(cold) = self.cold_rows().cloned() {
            // Enough that rows do not come faster than they go, few enough that a snapshot stays small.
            let count = (4 * SWEPT_TIMES).max(cold.budget_bytes() / 512);
            let mut sweep = Sweep::default();
            sweep.step(self, &cold, up_to, count, &mut gone)?;
            sweep.freeze(epoch, &cold);
        }
        Ok(gone)
    }
}
