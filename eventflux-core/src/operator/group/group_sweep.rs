//! Groups that are over and not in memory, on their way out.

use super::swept::{SWEPT_TIMES, Swept};
use super::{GroupTable, Tombstones};
use crate::error::Result;
use crate::state::cold::{ColdState, Keeping, before_time, place};

/// How far a table's rows that are not in memory have been looked through since the last snapshot.
#[derive(Debug, Default)]
pub struct GroupSweep {
    after: Option<Vec<u8>>,
}

impl GroupSweep {
    /// Takes groups that came to their end at or before a time, and are not in memory, out of the tier, or has the next snapshot do
    /// so. It looks at so many at the most, and says whether there are no more.
    pub fn step(
        &mut self,
        table: &mut GroupTable,
        cold: &ColdState,
        up_to: i64,
        mut count: usize,
        tombstones: &mut Tombstones,
    ) -> Result<bool> {
        let is_aside = cold.keeping() == Keeping::Aside;
        let begun = self.after.take().or_else(|| cold.swept_up_to());
        let mut after = begun.unwrap_or_else(|| before_time(i64::MIN));
        let mut is_any = false;
        let is_all = loop {
            if count == 0 {
                break false;
            }
            let swept = Swept::next(table, cold, &after, up_to, count.min(SWEPT_TIMES))?;
            let Some(last) = swept.places.last() else {
                break true;
            };
            after = last.to_vec();
            is_any = true;
            count = count.saturating_sub(swept.places.len());
            if is_aside {
                let times = swept.places.iter().map(|place| (place.to_vec(), None));
                let rows = swept.over.iter().map(|key| (place(&[], key), None));
                cold.put_aside(times.chain(rows).collect())?;
            } else {
                swept.over.iter().try_for_each(|key| tombstones.add_key(key))?;
            }
        };
        // What was put aside is gone, and may come again; what waits for a snapshot is not looked at twice.
        self.after = (is_any && !is_aside).then_some(after);
        Ok(is_all)
    }

    /// The tombstones go with the snapshot of an epoch.
    pub fn freeze(&mut self, epoch: u64, cold: &ColdState) {
        if let Some(after) = self.after.take() {
            cold.sweep_times(epoch, after);
        }
    }
}
