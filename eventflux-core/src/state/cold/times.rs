//! Rows that something happens to at a time: found by it.
//!
//! **Layout** One row per time of a row of the cold table, in front of the tables, so that a run of rows has them first:
//!
//! ```text
//! time := 00, time (u64-be, the sign bit flipped), key as `write_sortable` has it    value := canonical key
//! ```
//!
//! **Invariants** Whatever writes a row of the cold table writes its times, too. Nothing takes single times back: a time of
//! a row that has changed since is found to be none when it comes, and all go when they are swept.

use std::fmt;

use bytes::Bytes;

use super::tier::FoundRow;
use crate::error::{Error, Result};
use crate::key::write_sortable;

/// What times begin with; the marker is this byte alone.
const TIMES: u8 = 0;
const TIME_BYTES: usize = 8;

/// Knows the times at which something happens to a row of the cold table.
pub trait StoredTimes: fmt::Debug + Send + Sync {
    /// Appends those of a stored state.
    ///
    /// **Errors** The bytes are no state.
    fn times(&self, value: &[u8], times: &mut Vec<i64>) -> Result<()>;

    /// When all of a stored state has come to its end: unless it says otherwise, at the last of its times.
    ///
    /// **Errors** The bytes are no state.
    fn end(&self, value: &[u8]) -> Result<Option<i64>> {
        let mut times = Vec::new();
        self.times(value, &mut times)?;
        Ok(times.into_iter().max())
    }
}

/// A time of a row, and the row's key.
#[derive(Debug, Clone)]
pub struct TimedKey {
    /// Its place in the order of times, then keys.
    pub place: Bytes,
    /// The time.
    pub time: i64,
    /// The canonical key.
    pub key: Bytes,
}

impl TimedKey {
    pub(super) fn new((place, key): FoundRow) -> Result<Self> {
        let time = place[1..].first_chunk::<TIME_BYTES>();
        let time = time.ok_or_else(|| Error::damaged("cold state", "a time is cut short"))?;
        let time = (u64::from_be_bytes(*time) ^ SIGN) as i64;
        Ok(Self { place, time, key })
    }
}

const SIGN: u64 = 1 << 63;

/// What all times begin with.
pub(super) const ALL: [u8; 1] = [TIMES];

/// The place of a time of a key, in the order of times, then keys.
pub fn timed_place(time: i64, key: &[u8]) -> Vec<u8> {
    let mut place = before_time(time);
    place.reserve(key.len() + 8);
    let mut rest = key;
    while !rest.is_empty() {
        write_sortable(&mut rest, false, false, &mut place);
    }
    place
}

/// A place before those of a time, and after those of all earlier ones.
pub fn before_time(time: i64) -> Vec<u8> {
    let mut place = vec![TIMES];
    place.extend_from_slice(&(time as u64 ^ SIGN).to_be_bytes());
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_order_and_found_again() {
        let times = [i64::MIN, -1, 0, 1, i64::MAX];
        let places = times.map(before_time);
        assert!(places.is_sorted());
        for (time, place) in times.into_iter().zip(places) {
            let found = TimedKey::new((place.into(), Bytes::new())).unwrap();
            assert_eq!(found.time, time);
        }
    }
}
