//! What is due up to a time, in memory and in the cold tier, in one order: by time, then by key.
//!
//! ```text
//! in memory   (10, a) (10, c) │ (12, a) …
//! cold        (10, b)         │ (11, d) …     piece 1: up to (10, c)
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::keyed_state::{KeyContent, KeyedState};
use super::{Group, KeyTable};
use crate::error::Result;
use crate::key::KeyBytes;
use crate::state::cold::{ColdState, before_time, timed_place};

/// Rows of each kind that a piece has at the most.
const PIECE_ROWS: usize = 1024;

/// Something that is due.
#[derive(Debug)]
pub enum DueRow<T> {
    /// It was in memory.
    Hot(T),
    /// It is of a stored row that is not in memory.
    Cold {
        /// When it is due.
        time: i64,
        /// The canonical key.
        key: Bytes,
        /// The stored state of all that the key has.
        value: Vec<u8>,
    },
}

/// Goes through all that is due, some at a time.
///
/// **Invariants** Nothing enters or leaves memory meanwhile. A stored time that is none any more comes out, too: whoever
/// reads the stored state finds nothing that is due then.
pub struct DueRows<T> {
    cold: Arc<ColdState>,
    /// What is in memory, by time and key: (time, key, what it is).
    hot: VecDeque<(i64, Group, T)>,
    /// The next ones, with their places.
    hot_next: VecDeque<(Vec<u8>, T)>,
    cold_next: VecDeque<(Bytes, DueRow<T>)>,
    after: Vec<u8>,
    up_to: i64,
    has_more_cold: bool,
}

impl<T> DueRows<T> {
    /// All that is due after one time and up to another; of what is in memory it is `hot`, in order.
    pub fn new(cold: Arc<ColdState>, hot: Vec<(i64, Group, T)>, after: i64, up_to: i64) -> Self {
        Self {
            cold,
            hot: hot.into(),
            hot_next: VecDeque::new(),
            cold_next: VecDeque::new(),
            after: before_time(after.saturating_add(1)),
            up_to,
            has_more_cold: after < up_to,
        }
    }

    /// The next ones in order; none at the end.
    pub fn next<C: KeyContent>(&mut self, state: &mut KeyedState<C>) -> Result<Vec<DueRow<T>>> {
        loop {
            self.fill_hot(&state.keys)?;
            self.fill_cold(state)?;
            let piece = self.take();
            let is_over = !self.has_more_cold && self.hot.is_empty();
            if !piece.is_empty() || is_over {
                return Ok(piece);
            }
        }
    }

    fn fill_hot(&mut self, keys: &KeyTable) -> Result<()> {
        if !self.hot_next.is_empty() || self.hot.is_empty() {
            return Ok(());
        }
        let rows = self
            .hot
            .drain(..PIECE_ROWS.min(self.hot.len()))
            .collect::<Vec<_>>();
        let groups = rows.iter().map(|(_, key, _)| *key).collect::<Vec<_>>();
        let mut encoded = KeyBytes::default();
        keys.encode(&groups, &mut encoded)?;
        for (position, (time, _, row)) in rows.into_iter().enumerate() {
            let place = timed_place(time, encoded.row(position));
            self.hot_next.push_back((place, row));
        }
        Ok(())
    }

    fn fill_cold<C: KeyContent>(&mut self, state: &mut KeyedState<C>) -> Result<()> {
        while self.cold_next.is_empty() && self.has_more_cold {
            let times = self.cold.scan_times(&self.after, self.up_to, PIECE_ROWS)?;
            self.has_more_cold = times.len() >= PIECE_ROWS;
            if let Some(last) = times.last() {
                self.after = last.place.to_vec();
            }
            let keys = times.iter().map(|time| time.key.clone()).collect();
            let cold_keys = state.not_in_memory(keys)?;
            let mut is_cold = cold_keys.iter().peekable();
            let times = times
                .into_iter()
                .filter(|time| is_cold.next_if(|key| **key == time.key).is_some())
                .collect::<Vec<_>>();
            let mut values = vec![None; times.len()];
            let keys = times.iter().map(|time| &*time.key);
            self.cold.find_each(&[], keys, |position, value| {
                values[position] = Some(value.to_vec());
                Ok(())
            })?;
            for (time, value) in times.into_iter().zip(values) {
                let Some(value) = value else { continue };
                let row = DueRow::Cold {
                    time: time.time,
                    key: time.key,
                    value,
                };
                self.cold_next.push_back((time.place, row));
            }
        }
        Ok(())
    }

    /// Takes what is at hand, up to the least place up to which all is known.
    fn take(&mut self) -> Vec<DueRow<T>> {
        let hot = self.hot_next.back().filter(|_| !self.hot.is_empty());
        let cold = self.cold_next.back().filter(|_| self.has_more_cold);
        let bound = match (hot, cold) {
            (Some((hot, _)), Some((cold, _))) => Some(hot.as_slice().min(cold)),
            (Some((hot, _)), None) => Some(hot.as_slice()),
            (None, Some((cold, _))) => Some(&**cold),
            (None, None) => None,
        };
        let bound = bound.map(<[u8]>::to_vec);
        let is_within = |place: &[u8]| bound.as_deref().is_none_or(|bound| place <= bound);
        let mut taken = Vec::new();
        loop {
            let hot = self.hot_next.front().filter(|(place, _)| is_within(place));
            let cold = self.cold_next.front().filter(|(place, _)| is_within(place));
            let is_hot = match (hot, cold) {
                (None, None) => return taken,
                (Some((hot, _)), Some((cold, _))) => **hot < **cold,
                (hot, _) => hot.is_some(),
            };
            if is_hot {
                taken.extend(self.hot_next.pop_front().map(|(_, row)| DueRow::Hot(row)));
            } else {
                taken.extend(self.cold_next.pop_front().map(|(_, row)| row));
            }
        }
    }
}
