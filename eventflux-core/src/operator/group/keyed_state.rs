//! State per key, of operators whose keys have more than one group each: what sessions are kept in.

use std::sync::Arc;

use arrow::array::ArrayRef;
use bytes::Bytes;

use super::{ChangeLog, Group, HotBudget, HotSet, HotTable, KeyTable, StateKeys, Tombstones};
use crate::error::{Error, Result};
use crate::key::KeyBytes;
use crate::state::cold::{ColdFigures, ColdRow, ColdState, Keeping, place, stored_key};
use crate::state::segment::SnapshotRows;
use crate::state::{StateRow, StateWriter};

/// What an operator keeps per key, by the key's number.
pub trait KeyContent {
    /// Makes room for keys below this number.
    fn resize(&mut self, key_count: usize);

    /// Whether there is nothing under a key.
    fn is_empty(&self, key: Group) -> bool;

    /// Appends the stored form of what is under a key.
    fn encode(&self, key: Group, out: &mut Vec<u8>) -> Result<()>;

    /// Puts what is stored under a key that has nothing, without what is over at this moment.
    fn decode(&mut self, key: Group, value: &[u8]) -> Result<()>;

    /// Forgets what is under a key.
    fn remove(&mut self, key: Group);

    /// How many more keys fit before memory grows.
    fn room(&self) -> usize;

    /// The part of its bytes that is known at once.
    fn fixed_bytes(&self) -> usize;

    /// Bytes that it takes.
    fn state_bytes(&self) -> usize;
}

/// Keys with what an operator keeps for each, in memory or partly in a cold tier.
///
/// **Invariants** A key in memory hides its stored row. One that is not in memory has its newest state in the tier, but for
/// what has come to its end since: that is not written, and left out whenever the row is read. Such rows are taken out by
/// their times ([`KeyedState::sweep`]).
pub struct KeyedState<C> {
    /// The keys.
    pub keys: KeyTable,
    /// What is kept for them.
    pub content: C,
    log: ChangeLog,
    tombstones: Tombstones,
    pub(super) state_keys: StateKeys,
    memory: Option<Memory>,
    /// The epoch of the last snapshot, and what of it has been copied.
    epoch: u64,
    copied: SnapshotRows,
}

/// Of state that is not all in memory.
struct Memory {
    hot: HotSet,
    budget: HotBudget,
}

/// Keys, and bytes of their rows, that are encoded at a time when they leave memory.
const LEAVING_KEYS: usize = 4096;
const LEAVING_BYTES: usize = 4 << 20;

impl<C: KeyContent> KeyedState<C> {
    /// No keys yet. Without key columns everything is in memory.
    pub fn new(mut keys: KeyTable, content: C, state_keys: StateKeys, cold: Option<Arc<ColdState>>) -> Self {
        let memory = cold.map(|cold| {
            keys.list_fresh();
            Memory {
                hot: HotSet::new(Arc::clone(&cold), &[], cold.has_rows(), true),
                budget: HotBudget::new(cold),
            }
        });
        let tracks_changes = memory
            .as_ref()
            .is_some_and(|memory| memory.hot.cold().keeping() == Keeping::Committed);
        Self {
            keys,
            content,
            log: ChangeLog::new(tracks_changes),
            tombstones: Tombstones::new(state_keys),
            state_keys,
            memory,
            epoch: 0,
            copied: SnapshotRows::default(),
        }
    }

    /// The cold rows, if there may be any.
    pub fn cold_rows(&self) -> Option<&Arc<ColdState>> {
        let hot = self.memory.as_ref().map(|memory| &memory.hot);
        hot.filter(|hot| hot.is_cold()).map(HotSet::cold)
    }

    /// What is outside of memory, if memory is limited.
    pub fn figures(&self) -> Option<ColdFigures> {
        self.memory.as_ref().map(|memory| memory.hot.cold().figures())
    }

    /// Has keys leave memory if there would be too much in it with so many more rows.
    pub fn make_room(&mut self, row_count: usize) -> Result<()> {
        let fixed = self.fixed_bytes();
        let heap = || self.content.state_bytes() - self.content.fixed_bytes();
        let Some(Memory { hot, budget }) = &mut self.memory else {
            return Ok(());
        };
        hot.release();
        let slot_count = self.keys.slot_count();
        let bytes = budget.bytes(row_count, slot_count, fixed, || fixed + heap());
        let table = HotTable {
            group_count: self.keys.len(),
            room: self.keys.room().min(self.content.room()),
            fixed_bytes: fixed,
        };
        let leaving = budget.leaving(bytes, table, row_count);
        let changed_bytes = bytes / slot_count.max(1);
        if leaving > 0 {
            let chosen = hot.choose(&self.keys, &self.log, leaving);
            self.leave(&chosen)?;
        }
        if let Some(Memory { budget, .. }) = &mut self.memory {
            if leaving > 0 {
                budget.left();
            }
            let changed = self.log.changed_count().saturating_mul(changed_bytes);
            budget.cold().set_changed(changed);
        }
        Ok(())
    }

    /// Has keys leave memory.
    fn leave(&mut self, chosen: &[Group]) -> Result<()> {
        let Some(Memory { hot, .. }) = &mut self.memory else {
            return Ok(());
        };
        if chosen.is_empty() {
            return Ok(());
        }
        if hot.cold().keeping() == Keeping::Aside {
            let mut encoded = KeyBytes::default();
            let (mut rows, mut bytes) = (Vec::<ColdRow>::new(), 0);
            for keys in chosen.chunks(LEAVING_KEYS) {
                self.keys.encode(keys, &mut encoded)?;
                for (position, key) in keys.iter().enumerate() {
                    let name = encoded.row(position);
                    let mut row = stored_key(name);
                    self.content.encode(*key, &mut row)?;
                    bytes += row.len() + 2 * name.len();
                    rows.push((place(&[], name), (!self.content.is_empty(*key)).then_some(row)));
                    if bytes > LEAVING_BYTES {
                        hot.cold().put_aside(std::mem::take(&mut rows))?;
                        bytes = 0;
                    }
                }
            }
            hot.cold().put_aside(rows)?;
        }
        hot.set_cold();
        hot.cold().count_evictions(chosen.len());
        chosen.iter().for_each(|key| self.forget(*key));
        Ok(())
    }

    fn forget(&mut self, key: Group) {
        self.content.remove(key);
        self.keys.remove(key);
        self.log.removed(&[key]);
        if let Some(Memory { hot, .. }) = &mut self.memory {
            hot.forget(key);
        }
    }

    /// The key of each row, with what it has in memory from here on.
    pub fn intern(&mut self, columns: &[ArrayRef], row_count: usize, keys: &mut Vec<Group>) -> Result<()> {
        self.keys.intern(columns, row_count, keys)?;
        self.grow();
        let Self {
            keys: table,
            content,
            memory,
            ..
        } = self;
        if let Some(Memory { hot, .. }) = memory {
            hot.load(table, |key, value| content.decode(key, value))?;
            hot.used(keys);
        }
        Ok(())
    }

    fn grow(&mut self) {
        let slot_count = self.keys.slot_count();
        self.content.resize(slot_count);
        self.log.resize(slot_count);
        if let Some(Memory { hot, .. }) = &mut self.memory {
            hot.resize(slot_count);
        }
    }

    /// Has what these keys have copied, if it belongs to a snapshot: it is about to change.
    pub fn thaw(&mut self, keys: &[Group]) -> Result<()> {
        self.log.thaw(keys);
        let thawed = self.log.take_thawed();
        self.copy(thawed)
    }

    /// Notes that rows were added to these keys, or taken back, after [`KeyedState::thaw`].
    pub fn changed(&mut self, keys: &[Group]) -> Result<()> {
        self.log.changed(keys);
        match self.log.take_thawed().is_empty() {
            true => Ok(()),
            false => Err(Error::Bug(
                "a key has changed before it was copied for its snapshot".into(),
            )),
        }
    }

    /// Forgets those of the keys that have nothing left.
    pub fn drop_empty(&mut self, mut keys: Vec<Group>) -> Result<()> {
        keys.retain(|key| self.content.is_empty(*key));
        keys.sort_unstable();
        keys.dedup();
        if let Some(Memory { hot, .. }) = &mut self.memory {
            // What hides an older row stays, as nothing, until it has taken that row's place.
            let (hiding, gone) = keys
                .into_iter()
                .partition::<Vec<_>, _>(|key| hot.hides_older(*key, &self.log));
            self.changed(&hiding)?;
            keys = gone;
        } else {
            self.tombstones.add(&[], &self.keys, &self.log.stored(&keys))?;
        }
        keys.into_iter().for_each(|key| self.forget(key));
        Ok(())
    }

    /// Those of these canonical keys that are not in memory.
    pub fn not_in_memory(&mut self, keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
        let missing = self.keys.missing(keys)?;
        self.grow();
        Ok(missing)
    }

    /// What changed since the last call (everything, the first time) belongs to the snapshot of this epoch. It is copied by and by, and
    /// before it changes again. What came to its end at or before `over` while it was not in memory is taken out. Gives the place of
    /// what else belongs to the snapshot.
    ///
    /// **Errors** The snapshot before it has not been taken.
    pub fn freeze(&mut self, epoch: u64, over: i64) -> Result<&mut SnapshotRows> {
        if self.log.has_frozen() {
            return Err(Error::Bug("keys are frozen that are frozen already".into()));
        }
        for key in self.sweep(epoch, over)? {
            self.tombstones.add_key(&key)?;
        }
        self.copied.append(self.tombstones.take());
        self.epoch = epoch;
        self.log.freeze(&self.keys);
        if let Some(Memory { hot, .. }) = &mut self.memory {
            hot.release();
            hot.cold().begin_epoch(epoch);
        }
        Ok(&mut self.copied)
    }

    /// Copies what is frozen of so many keys; once there are no more, gives the rows of the snapshot.
    pub fn copy_frozen(&mut self, count: usize) -> Result<Option<SnapshotRows>> {
        let keys = self.log.take_frozen(count);
        self.copy(keys)?;
        match self.log.has_frozen() {
            true => Ok(None),
            false => Ok(Some(std::mem::take(&mut self.copied))),
        }
    }

    fn copy(&mut self, keys: Vec<Group>) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (content, copied, table) = (&self.content, &mut self.copied, self.state_keys.table);
        let mut value = Vec::new();
        self.state_keys
            .for_each(&[], &self.keys, &keys, |position, key_group, key| {
                value.clear();
                content.encode(keys[position], &mut value)?;
                let is_gone = content.is_empty(keys[position]);
                copied.write(StateRow {
                    table,
                    key_group,
                    key,
                    value: (!is_gone).then_some(&value),
                })
            })?;
        if let Some(Memory { hot, .. }) = &mut self.memory {
            hot.snapshotted(self.epoch, keys);
        }
        Ok(())
    }

    /// Takes rows of its table, each in place of what there is under its key.
    pub fn restore(&mut self, rows: &[StateRow<'_>]) -> Result<()> {
        for run in rows.chunk_by(|left, right| left.value.is_some() == right.value.is_some()) {
            let encoded = run.iter().map(|row| row.key).collect::<Vec<_>>();
            let mut keys = Vec::with_capacity(run.len());
            self.keys.intern_encoded(&encoded, &mut keys)?;
            self.grow();
            for (key, row) in keys.into_iter().zip(run) {
                self.content.remove(key);
                match row.value {
                    Some(value) => self.content.decode(key, value)?,
                    None => self.keys.remove(key),
                }
            }
        }
        Ok(())
    }

    /// Ends a restore. `is_continued`: what was restored need not be written again.
    pub fn finish_restore(&mut self, is_continued: bool) {
        if is_continued {
            self.log.go_on(self.keys.slot_count(), &self.keys.groups());
        }
    }

    fn fixed_bytes(&self) -> usize {
        let hot = self.memory.as_ref().map_or(0, |memory| memory.hot.state_bytes());
        self.keys.state_bytes() + self.log.state_bytes() + self.content.fixed_bytes() + hot
    }

    /// Bytes that it takes.
    pub fn state_bytes(&self) -> usize {
        let content = self.content.state_bytes() - self.content.fixed_bytes();
        self.fixed_bytes() + content + self.tombstones.state_bytes() + self.copied.memory_bytes()
    }
}
