//! Stored rows that came to their end while they were not in memory: found by their times.

use bytes::Bytes;

use crate::error::Result;
use crate::state::cold::ColdState;

/// Times that are looked at together.
pub(super) const SWEPT_TIMES: usize = 4096;

/// What knows which keys are in memory.
pub trait HotKeys {
    /// Those of these canonical keys that are not in memory.
    fn not_in_memory(&mut self, keys: Vec<Bytes>) -> Result<Vec<Bytes>>;
}

/// Some of the times that have come, in order.
pub(super) struct Swept {
    pub(super) places: Vec<Bytes>,
    /// Those of their keys that are not in memory and have nothing left.
    pub(super) over: Vec<Bytes>,
}

impl Swept {
    /// The next ones after a place, up to a time.
    pub(super) fn next(
        hot: &mut dyn HotKeys,
        cold: &ColdState,
        after: &[u8],
        up_to: i64,
        count: usize,
    ) -> Result<Self> {
        let times = cold.scan_times(after, up_to, count)?;
        let mut keys = times.iter().map(|time| time.key.clone()).collect::<Vec<_>>();
        keys.sort_unstable();
        keys.dedup();
        let keys = hot.not_in_memory(keys)?;
        let mut over = Vec::new();
        cold.find_each(&[], keys.iter().map(|key| &**key), |position, value| {
            if cold.end(value)?.is_none_or(|end| end <= up_to) {
                over.push(keys[position].clone());
            }
            Ok(())
        })?;
        Ok(Self {
            places: times.into_iter().map(|time| time.place).collect(),
            over,
        })
    }
}
