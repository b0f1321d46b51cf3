//! The rows of open sessions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::element::{WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::operator::aggregate::{Stored, write_delimited};
use crate::operator::group::{Group, KeyContent};
use crate::operator::window_aggregate::Span;
use crate::state::cold::StoredTimes;

/// Rows of one key by time, then by arrival; each as exact bytes.
type Rows = BTreeMap<(i64, u64), Box<[u8]>>;

/// The kept rows of all keys, cut into sessions only when they close: so rows that are taken back leave no trace.
///
/// **Invariants** Each key with rows has a timer at or before the end of its first session.
pub(super) struct SessionBuffer {
    gap: i64,
    rows: Vec<Rows>,
    timers: BinaryHeap<Reverse<(i64, Group)>>,
    due: Vec<Option<i64>>,
    row_bytes: usize,
    /// Up to where sessions have been emitted.
    pub(super) watermark: Watermark,
}

/// Timers that may be stale, besides as many as there are keys.
const STALE_MAX: usize = 1024;

/// A session that has closed.
pub(super) struct Closed {
    pub(super) key: Group,
    pub(super) window: Span,
    pub(super) rows: SessionRows,
}

impl SessionBuffer {
    pub(super) fn new(gap: i64) -> Self {
        Self {
            gap,
            rows: Vec::new(),
            timers: BinaryHeap::new(),
            due: Vec::new(),
            row_bytes: 0,
            watermark: WATERMARK_MIN,
        }
    }

    /// Whether a row at this time shares a session with a kept row of its key.
    pub(super) fn has_neighbour(&self, key: Group, time: i64) -> bool {
        let rows = &self.rows[key as usize];
        let is_near = |other: Option<i64>| other.is_some_and(|other| time.abs_diff(other) < self.gap as u64);
        let before = rows
            .range(..=(time, u64::MAX))
            .next_back()
            .map(|((time, _), _)| *time);
        let after = rows.range((time, 0)..).next().map(|((time, _), _)| *time);
        is_near(before) || is_near(after)
    }

    pub(super) fn add(&mut self, key: Group, time: i64, arrival: u64, row: &[u8]) {
        self.row_bytes += row.len();
        self.rows[key as usize].insert((time, arrival), row.into());
        self.set_timer(key, time.saturating_add(self.gap));
    }

    /// Takes back the first kept row with this time and these bytes; false if there is none.
    pub(super) fn take_back(&mut self, key: Group, time: i64, row: &[u8]) -> bool {
        let rows = &mut self.rows[key as usize];
        let found = rows
            .range((time, 0)..=(time, u64::MAX))
            .find(|(_, other)| ***other == *row);
        let Some(found) = found.map(|(position, _)| *position) else {
            return false;
        };
        rows.remove(&found);
        self.row_bytes -= row.len();
        // What was one session may be two now, and the first of them may end earlier.
        if let Some((first, _)) = self.rows[key as usize].keys().next().copied() {
            self.set_timer(key, first.saturating_add(self.gap));
        }
        true
    }

    fn set_timer(&mut self, key: Group, time: i64) {
        let due = &mut self.due[key as usize];
        if due.is_none_or(|due| time < due) {
            *due = Some(time);
            self.timers.push(Reverse((time, key)));
        }
    }

    /// The keys of which sessions have ended at the watermark, to be closed now: [`SessionBuffer::close`].
    pub(super) fn take_due(&mut self, watermark: Watermark) -> Vec<Group> {
        let mut keys = Vec::new();
        while let Some(Reverse((time, key))) = self.timers.peek().copied() {
            if time > watermark {
                break;
            }
            self.timers.pop();
            if self.due[key as usize] != Some(time) {
                continue;
            }
            self.due[key as usize] = None;
            keys.push(key);
        }
        keys
    }

    /// Takes out the sessions of these keys that have ended at the watermark.
    pub(super) fn close(&mut self, keys: &[Group], watermark: Watermark) -> Vec<Closed> {
        let mut closed = Vec::new();
        keys.iter()
            .for_each(|key| self.close_key(*key, watermark, &mut closed));
        closed
    }

    /// Takes out the sessions of a key that have ended at the watermark.
    fn close_key(&mut self, key: Group, watermark: Watermark, closed: &mut Vec<Closed>) {
        while let Some(window) = self.first_session(key) {
            if window.end > watermark {
                self.set_timer(key, window.end);
                break;
            }
            let later = self.rows[key as usize].split_off(&(window.end, 0));
            let rows = std::mem::replace(&mut self.rows[key as usize], later);
            self.row_bytes -= rows.values().map(|row| row.len()).sum::<usize>();
            closed.push(Closed {
                key,
                window,
                rows: rows.into_values().collect(),
            });
        }
    }

    /// The bounds of a key's first session.
    fn first_session(&self, key: Group) -> Option<Span> {
        let times = self.rows[key as usize].keys().map(|(time, _)| *time);
        sessions(times, self.gap).next()
    }
}

impl KeyContent for SessionBuffer {
    fn resize(&mut self, key_count: usize) {
        if self.rows.len() < key_count {
            self.rows.resize_with(key_count, Rows::new);
            self.due.resize(key_count, None);
        }
    }

    fn is_empty(&self, key: Group) -> bool {
        self.rows[key as usize].is_empty()
    }

    fn encode(&self, key: Group, out: &mut Vec<u8>) -> Result<()> {
        let rows = &self.rows[key as usize];
        out.extend_from_slice(&(rows.len() as u32).to_be_bytes());
        for ((time, arrival), row) in rows {
            out.extend_from_slice(&time.to_be_bytes());
            out.extend_from_slice(&arrival.to_be_bytes());
            write_delimited(row, out);
        }
        Ok(())
    }

    fn decode(&mut self, key: Group, value: &[u8]) -> Result<()> {
        let mut input = Stored::new(value);
        for _ in 0..input.count()? {
            let (time, arrival) = (input.i64()?, input.u64()?);
            self.add(key, time, arrival, input.delimited()?);
        }
        self.close_key(key, self.watermark, &mut Vec::new());
        input.finish()
    }

    fn remove(&mut self, key: Group) {
        let old = std::mem::take(&mut self.rows[key as usize]);
        self.row_bytes -= old.values().map(|row| row.len()).sum::<usize>();
        self.due[key as usize] = None;
        if self.timers.len() > 2 * self.rows.len() + STALE_MAX {
            let due = &self.due;
            self.timers
                .retain(|Reverse((time, key))| due[*key as usize] == Some(*time));
        }
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn fixed_bytes(&self) -> usize {
        self.rows.capacity() * (size_of::<Rows>() + size_of::<Option<i64>>())
            + self.timers.capacity() * size_of::<(i64, Group)>()
    }

    fn state_bytes(&self) -> usize {
        let row_count = self.rows.iter().map(Rows::len).sum::<usize>();
        // A tree's node has room for 11 entries and is two thirds full on average.
        let entry = size_of::<((i64, u64), Box<[u8]>)>() * 3 / 2;
        self.fixed_bytes() + self.row_bytes + row_count * entry
    }
}

/// The bounds of the sessions of rows at these times, which are in order.
fn sessions(times: impl Iterator<Item = i64>, gap: i64) -> impl Iterator<Item = Span> {
    let mut times = times.peekable();
    std::iter::from_fn(move || {
        let start = times.next()?;
        let mut last = start;
        while let Some(time) = times.next_if(|time| time.abs_diff(last) < gap as u64) {
            last = time;
        }
        Some(Span {
            start,
            end: last.saturating_add(gap),
        })
    })
}

/// The rows of a session.
pub(super) type SessionRows = Vec<Box<[u8]>>;

/// The session with this end of a stored key, if it has one.
pub(super) fn stored_session(value: &[u8], end: i64, gap: i64) -> Result<Option<(Span, SessionRows)>> {
    let rows = stored_rows(value)?;
    let mut bounds = sessions(rows.iter().map(|(time, _)| *time), gap);
    let Some(window) = bounds.find(|window| window.end == end) else {
        return Ok(None);
    };
    let is_within = |time: i64| window.start <= time && time < window.end;
    let rows = rows.iter().filter(|(time, _)| is_within(*time));
    Ok(Some((window, rows.map(|(_, row)| Box::from(*row)).collect())))
}

fn stored_rows(value: &[u8]) -> Result<Vec<(i64, &[u8])>> {
    let mut input = Stored::new(value);
    let mut rows = Vec::new();
    for _ in 0..input.count()? {
        let (time, _) = (input.i64()?, input.u64()?);
        rows.push((time, input.delimited()?));
    }
    input.finish()?;
    Ok(rows)
}

/// The ends of the sessions of stored rows.
#[derive(Debug)]
pub(crate) struct RowSessionEnds {
    /// Less than this is between rows of a session.
    pub(crate) gap_us: i64,
}

impl StoredTimes for RowSessionEnds {
    fn times(&self, value: &[u8], times: &mut Vec<i64>) -> Result<()> {
        let rows = stored_rows(value)?;
        let sessions = sessions(rows.iter().map(|(time, _)| *time), self.gap_us);
        times.extend(sessions.map(|window| window.end));
        Ok(())
    }
}
