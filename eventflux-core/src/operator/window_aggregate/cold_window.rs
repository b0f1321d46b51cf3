//! Windows that are not all in memory, emitted in pieces.
//!
//! Each slice of a window is gone through by key, its groups in memory and its cold rows side by side. A piece ends at the
//! least key up to which all slices are known:
//!
//! ```text
//! slice 1, in memory   a c e │ g …
//! slice 1, cold        b     │ h …       piece 1: up to e
//! slice 2, cold        a d e │ (more)
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use super::operator::{WindowAggregate, emit_table};
use super::slice_store::{PREFIX, SliceStore, prefix};
use super::slicing::Span;
use crate::error::Result;
use crate::key::KeyBytes;
use crate::operator::Output;
use crate::operator::group::{Group, GroupTable};
use crate::state::cold::{ColdEntry, ColdState, place};

/// Rows of a piece, from all slices, at the most.
const PIECE_ROWS: usize = 4096;

/// What is still to come of a slice.
struct SliceCursor {
    slice: Span,
    /// Groups in memory by key, and how many of them have been taken.
    groups: Vec<Group>,
    taken: usize,
    /// The next ones, with their places.
    hot: VecDeque<(Vec<u8>, Group)>,
    cold: VecDeque<ColdEntry>,
    /// The last cold row that was read; nothing more comes after the end.
    after: Option<Vec<u8>>,
    has_more_cold: bool,
}

impl SliceCursor {
    fn new(slice: Span, table: &GroupTable) -> Self {
        let mut groups = table.keys().groups();
        table.keys().sort(&mut groups);
        Self {
            slice,
            groups,
            taken: 0,
            hot: VecDeque::new(),
            cold: VecDeque::new(),
            after: None,
            has_more_cold: table.is_cold(),
        }
    }

    /// Has rows at hand, as long as there are any.
    fn fill(
        &mut self,
        table: &GroupTable,
        cold: &ColdState,
        row_count: usize,
        keys: &mut KeyBytes,
    ) -> Result<()> {
        let prefix = prefix(self.slice);
        if self.hot.is_empty() && self.taken < self.groups.len() {
            let end = (self.taken + row_count).min(self.groups.len());
            let groups = &self.groups[self.taken..end];
            table.keys().encode(groups, keys)?;
            let places = (0..groups.len()).map(|position| place(&prefix, keys.row(position)));
            self.hot = places.zip(groups.iter().copied()).collect();
            self.taken = end;
        }
        if self.cold.is_empty() && self.has_more_cold {
            let rows = cold.scan(&prefix, self.after.as_deref(), row_count)?;
            self.has_more_cold = rows.len() == row_count;
            self.after = rows.last().map(|row| row.place.to_vec()).or(self.after.take());
            self.cold = rows.into();
        }
        Ok(())
    }

    /// The key up to which all rows are at hand; `None`: all are.
    fn known_up_to(&self) -> Option<&[u8]> {
        let hot = (self.taken < self.groups.len())
            .then(|| self.hot.back())
            .flatten()
            .map(|(place, _)| key_of(place));
        let cold = self
            .has_more_cold
            .then(|| self.cold.back())
            .flatten()
            .map(|row| key_of(&row.place));
        match (hot, cold) {
            (Some(hot), Some(cold)) => Some(hot.min(cold)),
            (one, other) => one.or(other),
        }
    }

    /// Takes the rows up to a key. A group in memory hides its cold row.
    fn take(&mut self, bound: Option<&[u8]>) -> (Vec<Group>, Vec<ColdEntry>) {
        let is_within = |place: &[u8]| bound.is_none_or(|bound| key_of(place) <= bound);
        let (mut groups, mut rows) = (Vec::new(), Vec::new());
        while let Some(row) = self.cold.pop_front_if(|row| is_within(&row.place)) {
            while let Some((_, group)) = self.hot.pop_front_if(|(place, _)| **place < *row.place) {
                groups.push(group);
            }
            match self.hot.pop_front_if(|(place, _)| **place == *row.place) {
                Some((_, group)) => groups.push(group),
                None => rows.push(row),
            }
        }
        while let Some((_, group)) = self.hot.pop_front_if(|(place, _)| is_within(place)) {
            groups.push(group);
        }
        (groups, rows)
    }

    fn is_empty(&self) -> bool {
        self.hot.is_empty() && self.cold.is_empty() && self.taken == self.groups.len() && !self.has_more_cold
    }
}

/// The key of a place, which is the same in all slices.
fn key_of(place: &[u8]) -> &[u8] {
    &place[(1 + PREFIX).min(place.len())..]
}

impl WindowAggregate {
    /// Emits a window in pieces that fit in memory.
    pub(super) fn emit_cold_window(
        &mut self,
        window: Span,
        cold: &Arc<ColdState>,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let mut cursors = cursors(&self.store, window);
        let row_count = (PIECE_ROWS / cursors.len().max(1)).max(16);
        let mut keys = KeyBytes::default();
        loop {
            for cursor in &mut cursors {
                if let Some(table) = self.store.get(cursor.slice) {
                    cursor.fill(table, cold, row_count, &mut keys)?;
                }
            }
            if cursors.iter().all(SliceCursor::is_empty) {
                return Ok(());
            }
            let bound = cursors.iter().filter_map(SliceCursor::known_up_to).min();
            let bound = bound.map(<[u8]>::to_vec);
            for cursor in &mut cursors {
                let (groups, rows) = cursor.take(bound.as_deref());
                if let Some(table) = self.store.get(cursor.slice) {
                    self.merged.merge(table, &groups)?;
                }
                self.merged.merge_cold(&rows)?;
            }
            emit_table(
                &self.output,
                &self.window_columns,
                &mut self.results,
                &self.merged,
                window,
                out,
            )?;
            self.merged.forget();
        }
    }
}

fn cursors(store: &SliceStore, window: Span) -> Vec<SliceCursor> {
    let slices = store.of_window(window);
    slices
        .map(|(slice, table)| SliceCursor::new(slice, table))
        .collect()
}
