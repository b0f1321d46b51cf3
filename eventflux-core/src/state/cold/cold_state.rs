//! What one subtask of an operator has outside of memory.
//!
//! **Layout** Rows of the table that may be cold come in the order of their keys' values; other tables are small, and only
//! kept here so that a restart finds everything in one place.
//!
//! ```text
//! marker      := 00
//! times       := 00, …, of tables whose rows have times (`times`)
//! cold table  := 01, prefix, key as `write_sortable` has it    value := u32-be length, canonical key, state
//! table n > 0 := n + 1, u16-be key group, key                  value := value
//! ```

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::tier::{ColdRow, ColdTier, FoundRow};
use super::times::{self, StoredTimes, TimedKey, timed_place};
use crate::error::{Error, Result};
use crate::key::{KeyBytes, write_sortable};
use crate::state::{KeyGroup, StateReader, StateRow};

/// The operator's table whose rows may be cold.
const COLD_TABLE: u8 = 0;

/// What the places of its rows begin with.
const TABLE: u8 = COLD_TABLE + 1;

/// Rows that are read at a time where all are gone through.
const SCAN_ROWS: usize = 1024;

/// When rows may leave memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Whenever there is no room: there are no checkpoints, and the tier is gone at the end.
    Aside,
    /// When the checkpoint that they are part of is committed.
    Committed,
}

/// What a cold tier has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColdFigures {
    /// Bytes outside of memory.
    pub bytes: u64,
    /// Rows that were looked for there.
    pub reads: u64,
    /// Rows that left memory.
    pub evictions: u64,
}

/// The cold rows of one subtask of an operator, shared by its loop and by whoever commits checkpoints.
#[derive(Debug)]
pub struct ColdState {
    tier: Arc<dyn ColdTier>,
    keeping: Keeping,
    /// Bytes in front of the keys of the cold table.
    prefix_bytes: usize,
    /// Of a table whose rows have times.
    times: Option<Arc<dyn StoredTimes>>,
    /// Times up to these places go when the epochs are in the tier.
    swept: Mutex<VecDeque<(u64, Vec<u8>)>>,
    budget_bytes: usize,
    has_rows: AtomicBool,
    /// The newest epoch that is in the tier, and the newest that the operator has written a snapshot of.
    applied: AtomicU64,
    snapshotted: AtomicU64,
    /// Bytes that must stay in memory: changed since the last snapshot, and in snapshots that are not in the tier.
    changed_bytes: AtomicUsize,
    pending_bytes: AtomicUsize,
    reads: AtomicU64,
    evictions: AtomicU64,
}

/// A row of the cold table.
#[derive(Debug, Clone)]
pub struct ColdEntry {
    /// Its place in the order of rows.
    pub place: Bytes,
    row: Bytes,
    key_bytes: usize,
}

impl ColdEntry {
    fn new((place, row): FoundRow) -> Result<Self> {
        let key_bytes = split_stored(&row)?.0.len();
        Ok(Self {
            place,
            row,
            key_bytes,
        })
    }

    /// The canonical key, without the prefix.
    pub fn key(&self) -> &[u8] {
        &self.row[4..4 + self.key_bytes]
    }

    /// The stored state.
    pub fn value(&self) -> &[u8] {
        &self.row[4 + self.key_bytes..]
    }
}

impl ColdState {
    /// State over an empty tier, so many bytes of which may be in memory.
    pub fn new(tier: Arc<dyn ColdTier>, keeping: Keeping, prefix_bytes: usize, budget_bytes: usize) -> Self {
        Self {
            tier,
            keeping,
            prefix_bytes,
            times: None,
            swept: Mutex::default(),
            budget_bytes,
            has_rows: AtomicBool::new(false),
            applied: AtomicU64::new(0),
            snapshotted: AtomicU64::new(0),
            changed_bytes: AtomicUsize::new(0),
            pending_bytes: AtomicUsize::new(0),
            reads: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        }
    }

    /// With rows that are found by their times.
    #[must_use]
    pub fn with_times(mut self, times: Arc<dyn StoredTimes>) -> Self {
        self.times = Some(times);
        self
    }

    /// The tier has the rows of the checkpoint that the run goes on from.
    pub fn reuse(&self) {
        self.has_rows.store(true, Ordering::Release);
    }

    /// The tier.
    pub fn tier(&self) -> &Arc<dyn ColdTier> {
        &self.tier
    }

    /// When rows may leave memory.
    pub fn keeping(&self) -> Keeping {
        self.keeping
    }

    /// Bytes of state that may be in memory.
    pub fn budget_bytes(&self) -> usize {
        self.budget_bytes
    }

    /// Whether a row may be cold at all.
    pub fn has_rows(&self) -> bool {
        self.has_rows.load(Ordering::Acquire)
    }

    /// The newest epoch that is in the tier.
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// The newest epoch that the operator has written a snapshot of.
    pub fn snapshotted(&self) -> u64 {
        self.snapshotted.load(Ordering::Acquire)
    }

    /// Says how many bytes changed since the last snapshot, so that they have to stay in memory.
    pub fn set_changed(&self, bytes: usize) {
        self.changed_bytes.store(bytes, Ordering::Release);
    }

    /// A snapshot of an epoch is written: what had changed is part of it.
    pub fn begin_epoch(&self, epoch: u64) {
        let changed = self.changed_bytes.swap(0, Ordering::AcqRel);
        self.pending_bytes.fetch_add(changed, Ordering::AcqRel);
        self.snapshotted.store(epoch, Ordering::Release);
    }

    /// Whether so much has to stay in memory that a checkpoint is needed before more rows are taken.
    pub fn is_pressed(&self) -> bool {
        let pinned = self.changed_bytes.load(Ordering::Acquire) + self.pending_bytes.load(Ordering::Acquire);
        self.keeping == Keeping::Committed && pinned > self.budget_bytes / 3
    }

    /// What has come together so far.
    pub fn figures(&self) -> ColdFigures {
        ColdFigures {
            bytes: self.tier.size_bytes(),
            reads: self.reads.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }

    /// Rows have left memory.
    pub fn count_evictions(&self, row_count: usize) {
        self.evictions.fetch_add(row_count as u64, Ordering::Relaxed);
    }

    /// Calls with the positions of those keys that have a cold row, and with its state.
    pub fn find(
        &self,
        prefix: &[u8],
        keys: &KeyBytes,
        found: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let keys = (0..keys.len()).map(|position| keys.row(position));
        self.find_each(prefix, keys, found)
    }

    /// As [`ColdState::find`].
    pub fn find_each<'a>(
        &self,
        prefix: &[u8],
        keys: impl Iterator<Item = &'a [u8]>,
        mut found: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut places = keys
            .enumerate()
            .map(|(position, key)| (place(prefix, key), position))
            .collect::<Vec<_>>();
        places.sort_unstable();
        let (places, positions): (Vec<_>, Vec<_>) = places.into_iter().unzip();
        self.reads.fetch_add(places.len() as u64, Ordering::Relaxed);
        let rows = self.tier.get_batch(&places)?;
        for ((place, position), row) in places.into_iter().zip(positions).zip(rows) {
            if let Some(row) = row {
                let entry = ColdEntry::new((place.into(), row))?;
                found(position, entry.value())?;
            }
        }
        Ok(())
    }

    /// The first cold rows under a prefix that come after a place, so many at the most.
    pub fn scan(&self, prefix: &[u8], after: Option<&[u8]>, row_count_max: usize) -> Result<Vec<ColdEntry>> {
        let rows = self.tier.scan(&beginning(prefix), after, row_count_max)?;
        self.reads.fetch_add(rows.len() as u64, Ordering::Relaxed);
        rows.into_iter().map(ColdEntry::new).collect()
    }

    /// The first times that come after a place and are no later than `up_to`, so many at the most.
    pub fn scan_times(&self, after: &[u8], up_to: i64, row_count_max: usize) -> Result<Vec<TimedKey>> {
        let mut found: Vec<TimedKey> = Vec::new();
        // Most often there are none, or few: what is not due yet is not read.
        let mut row_count = 1;
        loop {
            let after = found.last().map_or(after, |row| &row.place);
            let rows = self.tier.scan(&times::ALL, Some(after), row_count)?;
            let is_last = rows.len() < row_count;
            for row in rows {
                let row = TimedKey::new(row)?;
                if row.time > up_to {
                    return Ok(found);
                }
                found.push(row);
            }
            if is_last || found.len() >= row_count_max {
                return Ok(found);
            }
            row_count = (2 * found.len()).min(row_count_max - found.len());
        }
    }

    /// When all of a stored state has come to its end, if it does.
    pub fn end(&self, value: &[u8]) -> Result<Option<i64>> {
        match &self.times {
            Some(stored_times) => stored_times.end(value),
            None => Ok(None),
        }
    }

    /// Has the times up to a place go as soon as an epoch is in the tier: its snapshot takes out what they were for.
    pub fn sweep_times(&self, epoch: u64, up_to: Vec<u8>) {
        self.swept().push_back((epoch, up_to));
    }

    /// Up to where times will go.
    pub fn swept_up_to(&self) -> Option<Vec<u8>> {
        self.swept().back().map(|(_, place)| place.clone())
    }

    fn swept(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, Vec<u8>)>> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The prefixes of this length under which there are rows.
    pub fn prefixes(&self, length: usize) -> Result<Vec<Vec<u8>>> {
        let mut prefixes = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, _)) = self.tier.scan(&[TABLE], after.as_deref(), 1)?.pop() {
            let end = (1 + length).min(key.len());
            prefixes.push(key[1..end].to_vec());
            // Keys go on with a byte below this one.
            after = Some([&key[..end], &[u8::MAX]].concat());
        }
        Ok(prefixes)
    }

    /// Puts rows of the cold table aside, or times; `None` takes them out.
    pub fn put_aside(&self, rows: Vec<ColdRow>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.write_stored(None, rows)
    }

    /// Writes what snapshots up to an epoch hold, oldest first. The epoch is committed.
    pub fn apply<'a>(
        &self,
        epoch: u64,
        marker: &[u8],
        rows: impl Iterator<Item = StateRow<'a>>,
    ) -> Result<()> {
        let mut places = Vec::new();
        for row in rows {
            if let (COLD_TABLE, Some(value)) = (row.table, row.value) {
                self.add_times(self.split(row.key).1, value, |place, key| {
                    places.push((place, Written::Stored(Some(key))));
                })?;
            }
            places.push((self.place(&row), Written::Row(row)));
        }
        self.write(Some(marker), places, |written| match written {
            Written::Row(row) => self.value(row),
            Written::Stored(value) => value,
        })?;
        let over = self
            .swept()
            .iter()
            .take_while(|(swept, _)| *swept <= epoch)
            .last()
            .cloned();
        if let Some((_, place)) = over {
            self.remove_times(marker, &place)?;
            self.swept().retain(|(swept, _)| *swept > epoch);
        }
        self.applied.store(epoch, Ordering::Release);
        if epoch >= self.snapshotted() {
            self.pending_bytes.store(0, Ordering::Release);
        }
        Ok(())
    }

    /// Takes out the times up to a place.
    fn remove_times(&self, marker: &[u8], up_to: &[u8]) -> Result<()> {
        let mut after = times::ALL.to_vec();
        loop {
            let rows = self.tier.scan(&times::ALL, Some(&after), SCAN_ROWS)?;
            let row_count = rows.len();
            let over = rows.into_iter().take_while(|(place, _)| **place <= *up_to);
            let over = over
                .map(|(place, _)| (place.to_vec(), None))
                .collect::<Vec<ColdRow>>();
            let Some((last, _)) = over.last() else {
                return Ok(());
            };
            after.clone_from(last);
            let is_last = over.len() < row_count || row_count < SCAN_ROWS;
            self.tier.apply(Some(marker), &mut over.into_iter())?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Fills an empty tier with the rows of a checkpoint, oldest first, so many bytes at a time.
    pub fn fill(&self, reader: &mut dyn StateReader, marker: &[u8], part_bytes: usize) -> Result<()> {
        let mut part = Vec::new();
        let mut bytes = 0;
        while let Some(row) = reader.next_row()? {
            let row: ColdRow = (self.place(&row), self.value(row));
            bytes += row.0.len() + row.1.as_ref().map_or(0, Vec::len) + size_of::<ColdRow>();
            part.push(row);
            if bytes > part_bytes {
                self.write_stored(None, std::mem::take(&mut part))?;
                bytes = 0;
            }
        }
        self.write_stored(Some(marker), part)
    }

    /// The rows of the tables that are never cold.
    pub fn small_tables(&self) -> impl StateReader + '_ {
        SmallTables {
            tier: self.tier.as_ref(),
            rows: Vec::new(),
            next: 0,
            after: vec![COLD_TABLE + 2],
        }
    }

    /// Where the tier has a row.
    fn place(&self, row: &StateRow<'_>) -> Vec<u8> {
        if row.table == COLD_TABLE {
            let (prefix, key) = self.split(row.key);
            return place(prefix, key);
        }
        let mut key = vec![row.table + 1];
        key.extend_from_slice(&row.key_group.to_be_bytes());
        key.extend_from_slice(row.key);
        key
    }

    /// What the tier has of a row.
    fn value(&self, row: StateRow<'_>) -> Option<Vec<u8>> {
        let value = row.value?;
        if row.table != COLD_TABLE {
            return Some(value.to_vec());
        }
        let mut stored = stored_key(self.split(row.key).1);
        stored.extend_from_slice(value);
        Some(stored)
    }

    /// The prefix of a row's key, and the key proper.
    fn split<'a>(&self, key: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        key.split_at(self.prefix_bytes.min(key.len()))
    }

    /// Calls with the place and the value of each time of a row of the cold table.
    fn add_times(&self, key: &[u8], value: &[u8], mut add: impl FnMut(Vec<u8>, Vec<u8>)) -> Result<()> {
        let Some(stored_times) = &self.times else {
            return Ok(());
        };
        let mut times = Vec::new();
        stored_times.times(value, &mut times)?;
        times
            .into_iter()
            .for_each(|time| add(timed_place(time, key), key.to_vec()));
        Ok(())
    }

    /// Writes rows as the tier has them, with the times of those that have any.
    fn write_stored(&self, marker: Option<&[u8]>, mut rows: Vec<ColdRow>) -> Result<()> {
        if self.times.is_some() {
            let mut times = Vec::new();
            for (place, row) in &rows {
                if let (Some(&TABLE), Some(row)) = (place.first(), row) {
                    let (key, value) = split_stored(row)?;
                    self.add_times(key, value, |place, key| times.push((place, Some(key))))?;
                }
            }
            rows.append(&mut times);
        }
        self.write(marker, rows, |value| value)
    }

    fn write<R>(
        &self,
        marker: Option<&[u8]>,
        mut rows: Vec<(Vec<u8>, R)>,
        value: impl Fn(R) -> Option<Vec<u8>>,
    ) -> Result<()> {
        // The last of several rows of a key counts; sorting keeps their order.
        rows.sort_by(|left, right| left.0.cmp(&right.0));
        let mut rows = rows.into_iter().peekable();
        let mut has_rows = false;
        let mut latest = std::iter::from_fn(|| {
            let mut row = rows.next()?;
            while let Some(newer) = rows.next_if(|newer| newer.0 == row.0) {
                row = newer;
            }
            let value = value(row.1);
            has_rows |= value.is_some();
            Some((row.0, value))
        });
        self.tier.apply(marker, &mut latest)?;
        if has_rows {
            self.has_rows.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// What is to be written.
enum Written<'a> {
    /// A row of a snapshot.
    Row(StateRow<'a>),
    /// As it stands in the tier.
    Stored(Option<Vec<u8>>),
}

/// The canonical key and the state of a stored row of the cold table.
fn split_stored(row: &[u8]) -> Result<(&[u8], &[u8])> {
    let cut_short = || Error::damaged("cold state", "a row is cut short");
    let (length, rest) = row.split_first_chunk::<4>().ok_or_else(cut_short)?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
        .ok_or_else(cut_short)
}

/// Where rows under a prefix begin.
fn beginning(prefix: &[u8]) -> Vec<u8> {
    [&[TABLE], prefix].concat()
}

/// The place of a row of the cold table.
pub fn place(prefix: &[u8], key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(prefix.len() + key.len() + 8);
    place.push(TABLE);
    place.extend_from_slice(prefix);
    let mut rest = key;
    while !rest.is_empty() {
        write_sortable(&mut rest, false, false, &mut place);
    }
    place
}

/// The stored form of a row of the cold table: its canonical key, then its state, which is appended.
pub fn stored_key(key: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(4 + key.len() + 64);
    row.extend_from_slice(&(key.len() as u32).to_be_bytes());
    row.extend_from_slice(key);
    row
}

/// The rows of the tables that are never cold, some at a time.
struct SmallTables<'a> {
    tier: &'a dyn ColdTier,
    rows: Vec<FoundRow>,
    next: usize,
    /// The last key that was read; at first a byte that no key is made of alone.
    after: Vec<u8>,
}

impl SmallTables<'_> {
    /// Has a row at hand, as long as there are any.
    fn fill(&mut self) -> Result<()> {
        if self.next == self.rows.len() {
            self.rows = self.tier.scan(&[], Some(&self.after), SCAN_ROWS)?;
            self.next = 0;
            if let Some((key, _)) = self.rows.last() {
                self.after = key.to_vec();
            }
        }
        Ok(())
    }

    fn row(&self, index: usize) -> Result<StateRow<'_>> {
        let (key, value) = &self.rows[index];
        let Some((&[table, high, low], rest)) = key.split_first_chunk::<3>() else {
            return Err(Error::damaged("cold state", "a key is cut short"));
        };
        Ok(StateRow {
            table: table - 1,
            key_group: KeyGroup::from_be_bytes([high, low]),
            key: rest,
            value: Some(value),
        })
    }
}

impl StateReader for SmallTables<'_> {
    fn next_row(&mut self) -> Result<Option<StateRow<'_>>> {
        self.fill()?;
        let index = self.next;
        if index == self.rows.len() {
            return Ok(None);
        }
        self.next += 1;
        self.row(index).map(Some)
    }

    fn next_rows(&mut self) -> Result<Vec<StateRow<'_>>> {
        self.fill()?;
        let rows = self.next..self.rows.len();
        self.next = self.rows.len();
        rows.map(|index| self.row(index)).collect()
    }

    fn is_continued(&self) -> bool {
        true
    }
}
