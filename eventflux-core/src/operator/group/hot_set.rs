//! Which groups of a table are in memory, and which of those may leave it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{ChangeLog, Group, KeyTable};
use crate::error::Result;
use crate::key::KeyBytes;
use crate::state::cold::{ColdState, Keeping};

/// The group was asked for since the hand of the clock came by.
const USED: u8 = 1;
/// The group is in a snapshot that is not in the cold tier.
const PENDING: u8 = 2;
/// The group is chosen already, in this round.
const CHOSEN: u8 = 4;

/// The group has a row in the cold tier, as old as it may be.
const FOUND: u8 = 8;

/// The part of a table that is in memory, of one whose other rows are in a cold tier.
///
/// ```text
///            asked for                       changed            snapshot            epoch applied
/// (cold) ───────────────► used, clean ─────────────► changed ────────────► pending ─────────────► clean
///   ▲                          │ hand
///   └──── evicted ◄── clean ◄──┘                     without checkpoints also what changed is evicted
/// ```
///
/// **Invariants** A group that is not in memory has its newest state in the tier. A group in memory hides its row there.
pub struct HotSet {
    cold: Arc<ColdState>,
    /// What stands in front of the table's keys.
    prefix: Box<[u8]>,
    /// Whether the tier may have rows under the prefix that are not in memory.
    is_cold: bool,
    /// A group without rows is one that there is not: true of results per key, not of parts of windows.
    drops_empty: bool,
    flags: Vec<u8>,
    hand: usize,
    /// Groups by the epoch of the snapshot that they wait for.
    pending: VecDeque<(u64, Vec<Group>)>,
    fresh: Vec<Group>,
    keys: KeyBytes,
}

impl HotSet {
    /// Nothing is in memory. `is_cold`: the tier may have rows under the prefix.
    pub fn new(cold: Arc<ColdState>, prefix: &[u8], is_cold: bool, drops_empty: bool) -> Self {
        Self {
            cold,
            prefix: prefix.into(),
            is_cold,
            drops_empty,
            flags: Vec::new(),
            hand: 0,
            pending: VecDeque::new(),
            fresh: Vec::new(),
            keys: KeyBytes::default(),
        }
    }

    /// The cold rows.
    pub fn cold(&self) -> &Arc<ColdState> {
        &self.cold
    }

    /// What stands in front of the table's keys.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether rows may be cold.
    pub fn is_cold(&self) -> bool {
        self.is_cold
    }

    /// Rows have left memory.
    pub fn set_cold(&mut self) {
        self.is_cold = true;
    }

    /// Whether a group without rows counts as gone.
    pub fn drops_empty(&self) -> bool {
        self.drops_empty
    }

    /// Makes room for groups below this number.
    pub fn resize(&mut self, slot_count: usize) {
        if self.flags.len() < slot_count {
            self.flags.resize(slot_count, 0);
        }
    }

    /// Calls with each group that was made since the last call and has a cold row, and with its state. Says which were made.
    pub fn load(
        &mut self,
        keys: &mut KeyTable,
        mut found: impl FnMut(Group, &[u8]) -> Result<()>,
    ) -> Result<&[Group]> {
        keys.take_fresh(&mut self.fresh);
        if self.is_cold && !self.fresh.is_empty() {
            keys.encode(&self.fresh, &mut self.keys)?;
            let (fresh, flags) = (&self.fresh, &mut self.flags);
            self.cold.find(&self.prefix, &self.keys, |position, value| {
                flags[fresh[position] as usize] |= FOUND;
                found(fresh[position], value)
            })?;
        }
        Ok(&self.fresh)
    }

    /// Notes that groups were asked for.
    pub fn used(&mut self, groups: &[Group]) {
        for group in groups {
            self.flags[*group as usize] |= USED;
        }
    }

    /// Whether a group in memory hides a stored row that is not the same: it must not be forgotten.
    pub fn hides_older(&self, group: Group, log: &ChangeLog) -> bool {
        let flags = self.flags[group as usize];
        match self.cold.keeping() {
            Keeping::Aside => flags & FOUND != 0,
            Keeping::Committed => {
                flags & PENDING != 0 || (log.is_held(group) && (flags & FOUND != 0 || log.is_stored(group)))
            }
        }
    }

    /// A group is forgotten.
    pub fn forget(&mut self, group: Group) {
        self.flags[group as usize] = 0;
    }

    /// Notes that these groups are in the snapshot of an epoch.
    pub fn snapshotted(&mut self, epoch: u64, groups: Vec<Group>) {
        if groups.is_empty() {
            return;
        }
        groups
            .iter()
            .for_each(|group| self.flags[*group as usize] |= PENDING);
        self.pending.push_back((epoch, groups));
    }

    /// Lets go of what has come into the tier.
    pub fn release(&mut self) {
        let applied = self.cold.applied();
        let mut is_any = false;
        while let Some((_, groups)) = self.pending.pop_front_if(|(epoch, _)| *epoch <= applied) {
            is_any = true;
            groups
                .iter()
                .for_each(|group| self.flags[*group as usize] &= !PENDING);
        }
        if is_any {
            // A group may be in a later snapshot, too.
            for group in self.pending.iter().flat_map(|(_, groups)| groups) {
                self.flags[*group as usize] |= PENDING;
            }
        }
    }

    /// Whether all groups may leave at once.
    pub fn is_free(&self, log: &ChangeLog) -> bool {
        match self.cold.keeping() {
            Keeping::Aside => true,
            Keeping::Committed => self.pending.is_empty() && log.changed_count() == 0 && !log.has_frozen(),
        }
    }

    /// Chooses groups to leave, so many at the most: those that may, and were not used since the hand came by last.
    pub fn choose(&mut self, keys: &KeyTable, log: &ChangeLog, count: usize) -> Vec<Group> {
        let slot_count = keys.slot_count();
        let is_pinned = |flags: u8, group: Group| {
            self.cold.keeping() == Keeping::Committed && (flags & PENDING != 0 || log.is_held(group))
        };
        let mut chosen = Vec::with_capacity(count.min(slot_count));
        // The first time round takes the marks away, the second one the groups; where the hand begins does not matter.
        for _ in 0..2 * slot_count {
            if chosen.len() >= count {
                break;
            }
            self.hand = if self.hand + 1 < slot_count {
                self.hand + 1
            } else {
                0
            };
            let group = self.hand as Group;
            let flags = &mut self.flags[self.hand];
            if !keys.is_used(group) || is_pinned(*flags, group) || *flags & CHOSEN != 0 {
                continue;
            }
            if *flags & USED != 0 {
                *flags &= !USED;
            } else {
                *flags |= CHOSEN;
                chosen.push(group);
            }
        }
        chosen.iter().for_each(|group| self.flags[*group as usize] = 0);
        chosen
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.flags.clear();
        self.pending.clear();
        self.hand = 0;
    }

    /// Bytes that it takes.
    pub fn state_bytes(&self) -> usize {
        let pending = self.pending.iter().map(|(_, groups)| groups.capacity());
        self.flags.capacity() + (pending.sum::<usize>() + self.fresh.capacity()) * size_of::<Group>()
    }
}
