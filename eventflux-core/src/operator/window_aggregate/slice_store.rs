//! The open slices of an operator.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::slice_memory::SliceMemory;
use super::slicing::{Slicing, Span};
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::operator::aggregate::Stored;
use crate::operator::group::{Aggregation, GroupTable, StateKeys, Tombstones};
use crate::state::StateRow;
use crate::state::cold::ColdState;
use crate::state::segment::SnapshotRows;

/// How many tables of dropped slices are kept for new ones.
const SPARE_MAX: usize = 4;

/// Slices by their start, each a table of groups.
///
/// **Invariants** `next_end` is the end of the first window that has a slice here and ends after `fired`.
pub(super) struct SliceStore {
    slicing: Slicing,
    slices: BTreeMap<Span, GroupTable>,
    spare: Vec<GroupTable>,
    /// All windows up to this end have been emitted.
    fired: Watermark,
    next_end: Option<i64>,
    tracks_changes: bool,
    keys: StateKeys,
    tombstones: Tombstones,
    /// What has been copied of the snapshot that is being taken, and the slices that are still to be copied for it.
    copied: SnapshotRows,
    copying: Vec<Span>,
    /// Of a store that is not all in memory.
    memory: Option<SliceMemory>,
}

/// Where a slice's bounds stand in front of a stored key.
pub(super) const PREFIX: usize = 16;

impl SliceStore {
    pub(super) fn new(slicing: Slicing, keys: StateKeys, cold: Option<Arc<ColdState>>) -> Self {
        Self {
            slicing,
            slices: BTreeMap::new(),
            spare: Vec::new(),
            fired: i64::MIN,
            next_end: None,
            tracks_changes: false,
            keys,
            tombstones: Tombstones::new(keys),
            copied: SnapshotRows::default(),
            copying: Vec::new(),
            memory: cold.map(SliceMemory::new),
        }
    }

    /// A slice, which is made if there is none.
    pub(super) fn slice(&mut self, span: Span, aggregation: &Aggregation) -> Result<&mut GroupTable> {
        if !self.slices.contains_key(&span) {
            let table = match (self.spare.pop(), &self.memory) {
                (Some(table), _) => table,
                (None, Some(memory)) => memory.table(span, false, aggregation)?,
                (None, None) => GroupTable::new(aggregation, self.tracks_changes)?,
            };
            self.slices.insert(span, table);
            if let Some(end) = self.slicing.next_end(span, self.fired) {
                self.next_end = Some(self.next_end.map_or(end, |next| next.min(end)));
            }
        }
        self.slices
            .get_mut(&span)
            .ok_or_else(|| Error::Bug("a slice is gone".into()))
    }

    pub(super) fn get(&self, span: Span) -> Option<&GroupTable> {
        self.slices.get(&span)
    }

    /// The windows that close next, if they end at or before the watermark. Windows share an end only if they are given.
    pub(super) fn due(&self, watermark: Watermark) -> Vec<Span> {
        let Some(end) = self.next_end.filter(|end| *end <= watermark) else {
            return Vec::new();
        };
        match self.slicing.window_start(end) {
            Some(start) => vec![Span { start, end }],
            None => self
                .slices
                .keys()
                .filter(|slice| slice.end == end)
                .copied()
                .collect(),
        }
    }

    /// The slices of a window.
    pub(super) fn of_window(&self, window: Span) -> impl Iterator<Item = (Span, &GroupTable)> {
        let is_given = matches!(self.slicing, Slicing::Given);
        let from = Span {
            start: window.start,
            end: i64::MIN,
        };
        let slices = self
            .slices
            .range(from..)
            .take_while(move |(slice, _)| slice.start < window.end);
        let belongs = move |slice: &Span| {
            if is_given {
                *slice == window
            } else {
                slice.end <= window.end
            }
        };
        slices
            .filter(move |(slice, _)| belongs(slice))
            .map(|(slice, table)| (*slice, table))
    }

    /// Notes that all windows up to this end have been emitted.
    pub(super) fn fired(&mut self, end: i64) {
        self.fired = self.fired.max(end);
        self.next_end = self
            .slices
            .keys()
            .filter_map(|slice| self.slicing.next_end(*slice, self.fired))
            .min();
    }

    /// Drops the slices whose last window is closed for good.
    pub(super) fn purge(&mut self, watermark: Watermark, lateness_us: i64) -> Result<()> {
        let slicing = self.slicing;
        let is_over = |slice: &Span| slicing.last_end(*slice).saturating_add(lateness_us) <= watermark;
        let over = self
            .slices
            .keys()
            .filter(|slice| is_over(slice))
            .copied()
            .collect::<Vec<_>>();
        for slice in over {
            let Some(mut table) = self.slices.remove(&slice) else {
                continue;
            };
            if let Some(memory) = &mut self.memory {
                table.copy_frozen(usize::MAX)?;
                self.copied.append(table.take_copied());
                memory.forget(slice, table.is_cold())?;
            } else {
                table.clear(&prefix(slice), &mut self.tombstones)?;
                self.copied.append(table.take_copied());
                if self.spare.len() < SPARE_MAX {
                    self.spare.push(table);
                }
            }
        }
        Ok(())
    }

    /// What changed since the last snapshot belongs to that of this epoch. Gives the place for what is known of it at once.
    pub(super) fn freeze(&mut self, epoch: u64) -> Result<&mut SnapshotRows> {
        self.copied.append(self.tombstones.take());
        if let Some(memory) = &mut self.memory {
            memory.sweep(&self.keys, &mut self.copied)?;
        }
        for (slice, table) in &mut self.slices {
            table.release();
            table.freeze(epoch, &prefix(*slice), self.keys)?;
            if table.has_frozen() {
                self.copying.push(*slice);
            }
        }
        if let Some(memory) = &self.memory {
            memory.cold().begin_epoch(epoch);
        }
        // Tables made before the first snapshot do not track changes: new slices get new ones.
        if !self.tracks_changes {
            self.spare.clear();
            self.tracks_changes = true;
        }
        Ok(&mut self.copied)
    }

    /// Copies what is frozen of so many groups of a slice. Gives the snapshot once all of it is copied.
    pub(super) fn copy_frozen(&mut self, count: usize) -> Result<Option<SnapshotRows>> {
        if let Some(slice) = self.copying.last() {
            // A slice that is over was copied then.
            if let Some(table) = self.slices.get_mut(slice) {
                table.copy_frozen(count)?;
                if table.has_frozen() {
                    return Ok(None);
                }
                self.copied.append(table.take_copied());
            }
            self.copying.pop();
        }
        let is_done = self.copying.is_empty();
        Ok(is_done.then(|| std::mem::take(&mut self.copied)))
    }

    /// Takes rows of its table.
    pub(super) fn restore(&mut self, rows: &[StateRow<'_>], aggregation: &Aggregation) -> Result<()> {
        let mut by_slice = BTreeMap::<Span, Vec<_>>::new();
        for row in rows {
            let mut input = Stored::new(row.key);
            let slice = Span {
                start: input.i64()?,
                end: input.i64()?,
            };
            by_slice.entry(slice).or_default().push((input.rest(), row.value));
        }
        for (slice, rows) in by_slice {
            self.slice(slice, aggregation)?.restore(&rows)?;
        }
        Ok(())
    }

    /// Finds the slices that have cold rows.
    pub(super) fn find_cold(&mut self, aggregation: &Aggregation) -> Result<()> {
        let Some(memory) = &self.memory else {
            return Ok(());
        };
        for prefix in memory.cold().prefixes(PREFIX)? {
            let mut input = Stored::new(&prefix);
            let slice = Span {
                start: input.i64()?,
                end: input.i64()?,
            };
            self.slices.insert(slice, memory.table(slice, true, aggregation)?);
        }
        Ok(())
    }

    /// Whether the tables are not all in memory.
    pub(super) fn is_limited(&self) -> bool {
        self.memory.is_some()
    }

    /// The cold rows.
    pub(super) fn cold(&self) -> Option<&Arc<ColdState>> {
        self.memory.as_ref().map(SliceMemory::cold)
    }

    /// Has rows leave memory if there would be too much in it with so many more rows of a slice.
    pub(super) fn make_room(
        &mut self,
        slice: Span,
        row_count: usize,
        aggregation: &Aggregation,
    ) -> Result<()> {
        match &mut self.memory {
            None => Ok(()),
            Some(memory) => memory.make_room(&mut self.slices, slice, row_count, aggregation),
        }
    }

    /// Brings the row of a key into memory in these slices, if it is in any.
    pub(super) fn load(&mut self, slices: impl IntoIterator<Item = Span>, key: &[u8]) -> Result<()> {
        for slice in slices {
            if let Some(table) = self.slices.get_mut(&slice).filter(|table| table.is_cold()) {
                table.load_encoded(key)?;
            }
        }
        Ok(())
    }

    /// Ends a restore at this watermark. `is_continued`: what was restored need not be written again.
    pub(super) fn finish_restore(&mut self, watermark: Watermark, is_continued: bool) {
        self.slices
            .retain(|_, table| table.is_cold() || !table.keys().is_empty());
        self.slices
            .values_mut()
            .for_each(|table| table.finish_restore(is_continued));
        self.tracks_changes = is_continued;
        self.fired(watermark);
    }

    pub(super) fn state_bytes(&self) -> usize {
        let tables = self.slices.values().chain(&self.spare);
        tables.map(GroupTable::state_bytes).sum::<usize>() + self.tombstones.state_bytes()
    }
}

/// A slice's bounds, before the keys of its groups.
pub(super) fn prefix(slice: Span) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    prefix[..8].copy_from_slice(&slice.start.to_be_bytes());
    prefix[8..].copy_from_slice(&slice.end.to_be_bytes());
    prefix
}
