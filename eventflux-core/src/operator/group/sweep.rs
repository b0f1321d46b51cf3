//! Stored rows that are over and not in memory, on their way out.

use bytes::Bytes;

use super::swept::{HotKeys, SWEPT_TIMES, Swept};
use crate::error::Result;
use crate::state::cold::{ColdState, Keeping, before_time, place};

/// How far rows that are not in memory have been looked through since the last snapshot.
#[derive(Debug, Default)]
pub struct Sweep {
    after: Option<Vec<u8>>,
}

impl Sweep {
    /// Takes what came to its end at or before a time, and is not in memory, out of a tier that is only a place to put rows aside; of
    /// another one adds its keys to those that the next snapshot takes out. It looks at so many times at the most, and says whether
    /// there are no more.
    pub fn step(
        &mut self,
        hot: &mut dyn HotKeys,
        cold: &ColdState,
        up_to: i64,
        mut count: usize,
        gone: &mut Vec<Bytes>,
    ) -> Result<bool> {
        let is_aside = cold.keeping() == Keeping::Aside;
        // What was found before and waits for a snapshot is not looked at twice.
        let mut is_any = self.after.is_some();
        let begun = self.after.take().or_else(|| cold.swept_up_to());
        let mut after = begun.unwrap_or_else(|| before_time(i64::MIN));
        let is_all = loop {
            if count == 0 {
                break false;
            }
            let swept = Swept::next(hot, cold, &after, up_to, count.min(SWEPT_TIMES))?;
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
                gone.extend(swept.over);
            }
        };
        // What was put aside is gone, and may come again.
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
