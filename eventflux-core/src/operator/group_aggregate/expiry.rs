//! Groups that were not written for long: which begin anew, and which are dropped.
//!
//! Whether a group is over depends on its last write and the row that comes, so results do not depend on when it is dropped:
//!
//! ```text
//! last write ──────── ttl ────────┤ a row from here on begins anew
//!                                 │ and from a watermark from here on the group is dropped, by and by
//! ```
//!
//! **Units** Event time. A late row counts as one at the watermark.

use std::collections::BTreeMap;

use super::changes::BatchGroups;
use crate::batch::RowKind;
use crate::element::{WATERMARK_MAX, WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::operator::group::{CallStates, Group, GroupTable, NEVER, Sweep, Tombstones, stored_last_write};
use crate::plan::StateTtl;
use crate::state::cold::{ColdState, StoredTimes};

/// Groups that are looked at per watermark, besides twice as many as rows came since the one before.
const STEP_GROUPS: usize = 1024;

/// When groups are over, and where those are found that are.
///
/// **Invariants** A group with state is listed, at its last write or before, and no group twice. What is listed under a number
/// that was given to another key since is found to be none when it comes.
pub(super) struct Expiry {
    ttl: StateTtl,
    step_us: i64,
    /// The last one, without that of the end.
    watermark: Watermark,
    /// By last write, rounded.
    listed: BTreeMap<i64, Vec<Group>>,
    is_listed: Vec<bool>,
    listed_count: usize,
    /// Rows since the last watermark.
    row_count: usize,
    /// What is not in memory was looked at up to here.
    swept_up_to: i64,
    cold: Sweep,
}

impl Expiry {
    pub(super) fn new(ttl: StateTtl) -> Self {
        Self {
            ttl,
            step_us: ttl.step_us(),
            watermark: WATERMARK_MIN,
            listed: BTreeMap::new(),
            is_listed: Vec::new(),
            listed_count: 0,
            row_count: 0,
            swept_up_to: NEVER,
            cold: Sweep::default(),
        }
    }

    /// The watermark has come here. That of the end says nothing of time.
    pub(super) fn set_watermark(&mut self, watermark: Watermark) {
        if watermark != WATERMARK_MAX {
            self.watermark = watermark;
        }
    }

    /// When a row of this event time writes.
    pub(super) fn at(&self, time: i64) -> i64 {
        time.max(self.watermark)
    }

    /// Whether what was last written then is over for a row of this event time.
    pub(super) fn is_over(&self, last_write: i64, time: i64) -> bool {
        last_write != NEVER && self.ttl.is_over(last_write, self.at(time))
    }

    /// What was last written then or before can be dropped.
    fn over_up_to(&self) -> i64 {
        self.watermark.saturating_sub(self.ttl.ttl_us).saturating_sub(1)
    }

    /// Where a batch has to be cut, so that a group that begins anew does so with its first row in a piece.
    pub(super) fn cuts(
        &self,
        batch: &BatchGroups,
        states: &CallStates,
        times: &[i64],
        kinds: Option<&[RowKind]>,
        is_global: bool,
    ) -> Vec<usize> {
        struct Seen {
            row_count: i64,
            last_write: i64,
            piece: usize,
        }
        let mut groups = batch
            .distinct
            .iter()
            .map(|group| Seen {
                row_count: states.row_count(*group),
                last_write: states.last_write(*group),
                piece: 0,
            })
            .collect::<Vec<_>>();
        let mut cuts = Vec::new();
        for (row, local) in batch.local.iter().enumerate() {
            let group = &mut groups[*local as usize];
            if self.is_over(group.last_write, times[row]) {
                if group.piece == cuts.len() + 1 {
                    cuts.push(row);
                }
                (group.row_count, group.last_write) = (0, NEVER);
            }
            if kinds.is_none_or(|kinds| kinds[row].is_addition()) {
                group.row_count += 1;
            } else if group.row_count > 0 {
                group.row_count -= 1;
            } else {
                // It takes back what is not there, and is left out.
                continue;
            }
            group.piece = cuts.len() + 1;
            group.last_write = match group.row_count {
                0 if !is_global => NEVER,
                _ => group.last_write.max(self.at(times[row])),
            };
        }
        cuts
    }

    /// Notes that rows have come. Whether some group might begin anew between two of them.
    pub(super) fn is_spread(&mut self, times: &[i64]) -> bool {
        self.row_count += times.len();
        let times = times.iter().map(|time| self.at(*time));
        let (first, last) = times.fold((i64::MAX, i64::MIN), |(first, last), time| {
            (first.min(time), last.max(time))
        });
        self.ttl.is_over(first, last)
    }

    /// Has a group found when it is over.
    pub(super) fn list(&mut self, group: Group, last_write: i64) {
        let index = group as usize;
        if self.is_listed.len() <= index {
            self.is_listed.resize(index + 1, false);
        }
        if last_write == NEVER || std::mem::replace(&mut self.is_listed[index], true) {
            return;
        }
        let place = rounded(last_write, self.step_us);
        self.listed.entry(place).or_default().push(group);
        self.listed_count += 1;
    }

    /// Takes groups of a table that are over: some, the others follow with the next watermarks.
    pub(super) fn take_over(&mut self, table: &GroupTable) -> Vec<Group> {
        let up_to = self.over_up_to();
        let mut left = self.step_groups();
        let mut over = Vec::new();
        while left > 0 {
            let Some(mut first) = self.listed.first_entry().filter(|entry| *entry.key() <= up_to) else {
                break;
            };
            let groups = first.get_mut();
            let taken = groups.split_off(groups.len().saturating_sub(left));
            if groups.is_empty() {
                first.remove();
            }
            left -= taken.len();
            self.listed_count -= taken.len();
            for group in taken {
                self.is_listed[group as usize] = false;
                if !table.keys().is_used(group) {
                    continue;
                }
                match table.states().last_write(group) {
                    NEVER => {}
                    last_write if last_write <= up_to => over.push(group),
                    last_write => self.list(group, last_write),
                }
            }
        }
        over
    }

    /// Takes what is over of what a table has elsewhere than in memory: some of it.
    pub(super) fn sweep(
        &mut self,
        table: &mut GroupTable,
        cold: &ColdState,
        tombstones: &mut Tombstones,
    ) -> Result<()> {
        let up_to = self.over_up_to();
        // What is stored is found by rounded times: between two of them there is nothing new.
        if up_to.div_euclid(self.step_us) == self.swept_up_to.div_euclid(self.step_us) {
            return Ok(());
        }
        let (count, mut gone) = (self.step_groups(), Vec::new());
        if self.cold.step(table, cold, up_to, count, &mut gone)? {
            self.swept_up_to = up_to;
        }
        gone.iter().try_for_each(|key| tombstones.add_key(key))
    }

    /// What is on its way out goes with the snapshot of an epoch.
    pub(super) fn freeze(&mut self, epoch: u64, cold: &ColdState) {
        self.cold.freeze(epoch, cold);
    }

    /// A step is over.
    pub(super) fn finish_step(&mut self) {
        self.row_count = 0;
    }

    fn step_groups(&self) -> usize {
        STEP_GROUPS + 2 * self.row_count
    }

    /// Bytes that it takes.
    pub(super) fn state_bytes(&self) -> usize {
        self.is_listed.capacity()
            + self.listed_count * size_of::<Group>()
            + self.listed.len() * size_of::<(i64, Vec<Group>)>()
    }
}

/// The first multiple of a step that is not before a time.
fn rounded(time: i64, step_us: i64) -> i64 {
    match time.rem_euclid(step_us) {
        0 => time,
        rest => time.saturating_add(step_us - rest),
    }
}

/// The last writes of stored groups, rounded: so a group that is stored again and again has few times.
#[derive(Debug)]
pub(crate) struct LastWrites {
    /// Times are multiples of this.
    pub(crate) step_us: i64,
}

impl StoredTimes for LastWrites {
    fn times(&self, value: &[u8], times: &mut Vec<i64>) -> Result<()> {
        times.push(rounded(stored_last_write(value)?, self.step_us));
        Ok(())
    }

    fn end(&self, value: &[u8]) -> Result<Option<i64>> {
        stored_last_write(value).map(Some)
    }
}

#[cfg(test)]
#[path = "expiry_test.rs"]
mod tests;
