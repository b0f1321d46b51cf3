//! Which session a row belongs to: bounds only, no aggregates.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::element::Watermark;
use crate::operator::group::Group;

/// The number of a session among all that are kept; its state stands under it.
pub(super) type Slot = Group;

/// One session of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    /// The first row's time.
    pub(super) start: i64,
    /// The last row's time.
    pub(super) last: i64,
    /// Its number.
    pub(super) slot: Slot,
    /// Whether its result was emitted.
    pub(super) is_fired: bool,
}

/// A session with its key, as it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) key: Group,
    pub(super) session: Session,
}

/// What a watermark brings about.
#[derive(Debug, Default)]
pub(super) struct Elapsed {
    /// Sessions to emit.
    pub(super) fired: Vec<Due>,
    /// Sessions to forget, after that.
    pub(super) over: Vec<Due>,
}

/// Timers that may be stale, besides as many as there are sessions.
const STALE_MAX: usize = 1024;

/// The sessions of all keys.
///
/// **Invariants** The sessions of a key are sorted and at least a gap apart. Each session has one timer that is not stale,
/// at or before the time at which something happens to it; a timer that comes too early is set again.
pub(super) struct Sessions {
    gap: i64,
    lateness: i64,
    by_key: Vec<Vec<Session>>,
    slots: Vec<SlotInfo>,
    free: Vec<Slot>,
    timers: BinaryHeap<Reverse<(i64, Slot, u32)>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct SlotInfo {
    key: Group,
    /// Bumped when a timer of the slot becomes stale.
    generation: u32,
}

impl Sessions {
    pub(super) fn new(gap: i64, lateness: i64) -> Self {
        Self {
            gap,
            lateness,
            by_key: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            timers: BinaryHeap::new(),
        }
    }

    /// Where a session ends.
    pub(super) fn end(&self, session: &Session) -> i64 {
        session.last.saturating_add(self.gap)
    }

    /// Whether a time has a session that timestamps can tell.
    pub(super) fn is_in_range(&self, time: i64) -> bool {
        time.checked_add(self.gap).is_some()
    }

    /// Whether a row that belongs to no session is late.
    pub(super) fn is_late(&self, time: i64, watermark: Watermark) -> bool {
        time.saturating_add(self.gap).saturating_add(self.lateness) <= watermark
    }

    /// Makes room for keys below this number.
    pub(super) fn resize(&mut self, key_count: usize) {
        if self.by_key.len() < key_count {
            self.by_key.resize_with(key_count, Vec::new);
        }
    }

    /// One more than the largest slot.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// The sessions of a key.
    pub(super) fn of_key(&self, key: Group) -> &[Session] {
        self.by_key.get(key as usize).map_or(&[], Vec::as_slice)
    }

    /// Which of a key's sessions a row at this time belongs to: a range of up to two.
    pub(super) fn touched(&self, key: Group, time: i64) -> std::ops::Range<usize> {
        let sessions = self.of_key(key);
        let (time, gap) = (i128::from(time), i128::from(self.gap));
        // Most rows belong to the last session or follow it.
        let first = match sessions.last() {
            Some(last) if i128::from(last.last) + gap <= time => sessions.len(),
            Some(_) if sessions.len() == 1 => 0,
            _ => sessions.partition_point(|session| i128::from(session.last) + gap <= time),
        };
        let touches = |session: &&Session| {
            i128::from(session.last) + gap > time && i128::from(session.start) - gap < time
        };
        let count = sessions[first..].iter().take_while(touches).count();
        first..first + count
    }

    /// Puts a row into the sessions of a key that it touches. Returns its session's slot, and the slot of the one that
    /// became part of it, which stays in use until [`Sessions::release`].
    pub(super) fn add(
        &mut self,
        key: Group,
        time: i64,
        touched: std::ops::Range<usize>,
    ) -> (Slot, Option<Slot>) {
        if touched.is_empty() {
            let slot = self.take_slot(key);
            let session = Session {
                start: time,
                last: time,
                slot,
                is_fired: false,
            };
            let sessions = &mut self.by_key[key as usize];
            // Most keys have one.
            if sessions.is_empty() {
                sessions.reserve_exact(1);
            }
            sessions.insert(touched.start, session);
            self.set_timer(slot, self.end(&session));
            return (slot, None);
        }
        let sessions = &mut self.by_key[key as usize];
        let absorbed = (touched.len() > 1).then(|| sessions.remove(touched.start + 1));
        let session = &mut sessions[touched.start];
        session.start = session.start.min(time);
        session.last = session
            .last
            .max(time)
            .max(absorbed.map_or(time, |other| other.last));
        let slot = session.slot;
        if let Some(other) = absorbed {
            self.slots[other.slot as usize].generation += 1;
        }
        (slot, absorbed.map(|other| other.slot))
    }

    /// Sets whether the session of a slot counts as emitted, and when something happens to it next.
    pub(super) fn set_fired(&mut self, slot: Slot, is_fired: bool) -> Option<Session> {
        let key = self.slots[slot as usize].key;
        let session = self.by_key[key as usize]
            .iter_mut()
            .find(|session| session.slot == slot)?;
        session.is_fired = is_fired;
        let session = *session;
        self.slots[slot as usize].generation += 1;
        self.set_timer(slot, self.due(&session));
        Some(session)
    }

    /// Takes a session from a snapshot.
    pub(super) fn restore(&mut self, key: Group, start: i64, last: i64) -> Slot {
        let slot = self.take_slot(key);
        let session = Session {
            start,
            last,
            slot,
            is_fired: false,
        };
        self.by_key[key as usize].push(session);
        self.set_timer(slot, self.end(&session));
        slot
    }

    /// Marks what was emitted of a key up to a watermark, after it was restored, and says what is over.
    pub(super) fn catch_up(&mut self, key: Group, watermark: Watermark) -> Vec<Due> {
        let sessions = self.of_key(key).iter().copied();
        let fired = sessions.filter(|session| self.end(session) <= watermark);
        let mut over = Vec::new();
        for session in fired.collect::<Vec<_>>() {
            if self.end(&session).saturating_add(self.lateness) <= watermark {
                over.push(Due { key, session });
            } else {
                self.set_fired(session.slot, true);
            }
        }
        over
    }

    /// Marks what was emitted up to a watermark, after a restore. Returns what is over.
    pub(super) fn finish_restore(&mut self, watermark: Watermark) -> Vec<Due> {
        let fired = self
            .by_key
            .iter()
            .flatten()
            .filter(|session| self.end(session) <= watermark);
        for slot in fired.map(|session| session.slot).collect::<Vec<_>>() {
            self.set_fired(slot, true);
        }
        self.elapse(watermark).over
    }

    /// How many sessions fit before memory grows.
    pub(super) fn room(&self) -> usize {
        self.free.len() + self.slots.capacity() - self.slots.len()
    }

    /// Forgets timers that are stale, if they are many.
    fn drop_stale_timers(&mut self) {
        if self.timers.len() > 2 * (self.slots.len() - self.free.len()) + STALE_MAX {
            let slots = &self.slots;
            self.timers
                .retain(|Reverse((_, slot, generation))| slots[*slot as usize].generation == *generation);
        }
    }

    /// What happens up to a watermark. The sessions that are over are found until [`Sessions::take_out`], and keep their slots until
    /// [`Sessions::release`].
    pub(super) fn elapse(&mut self, watermark: Watermark) -> Elapsed {
        let mut elapsed = Elapsed::default();
        while let Some(Reverse((time, slot, generation))) = self.timers.peek().copied() {
            if time > watermark {
                break;
            }
            self.timers.pop();
            let SlotInfo {
                key,
                generation: current,
            } = self.slots[slot as usize];
            let sessions = &mut self.by_key[key as usize];
            let Some(position) = sessions.iter().position(|session| session.slot == slot) else {
                continue;
            };
            if generation != current {
                continue;
            }
            let session = &mut sessions[position];
            if session.last.saturating_add(self.gap) <= watermark && !session.is_fired {
                session.is_fired = true;
                elapsed.fired.push(Due {
                    key,
                    session: *session,
                });
            }
            let session = *session;
            let due = self.due(&session);
            if session.is_fired && due <= watermark {
                elapsed.over.push(Due { key, session });
            } else {
                self.set_timer(slot, due);
            }
        }
        elapsed
    }

    /// When something happens to a session: it is emitted, or, if it was, it is over.
    fn due(&self, session: &Session) -> i64 {
        let end = self.end(session);
        if session.is_fired {
            end.saturating_add(self.lateness)
        } else {
            end
        }
    }

    fn set_timer(&mut self, slot: Slot, time: i64) {
        self.timers
            .push(Reverse((time, slot, self.slots[slot as usize].generation)));
    }

    fn take_slot(&mut self, key: Group) -> Slot {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize].key = key;
                slot
            }
            None => {
                self.slots.push(SlotInfo { key, generation: 0 });
                (self.slots.len() - 1) as Slot
            }
        }
    }

    /// Has a session that is over not be found any more.
    pub(super) fn take_out(&mut self, due: &Due) {
        self.by_key[due.key as usize].retain(|session| session.slot != due.session.slot);
    }

    /// Gives a slot back.
    pub(super) fn release(&mut self, slot: Slot) {
        self.slots[slot as usize].generation += 1;
        self.free.push(slot);
    }

    /// Forgets the sessions of a key; returns their slots.
    pub(super) fn forget(&mut self, key: Group) -> Vec<Slot> {
        let slots = self.by_key[key as usize]
            .drain(..)
            .map(|session| session.slot)
            .collect::<Vec<_>>();
        slots.iter().for_each(|slot| self.release(*slot));
        self.by_key[key as usize].shrink_to_fit();
        self.drop_stale_timers();
        slots
    }

    /// Bytes that the bounds take, without those of single keys.
    pub(super) fn fixed_bytes(&self) -> usize {
        self.by_key.capacity() * size_of::<Vec<Session>>()
            + self.slots.capacity() * size_of::<SlotInfo>()
            + self.free.capacity() * size_of::<Slot>()
            + self.timers.capacity() * size_of::<(i64, Slot, u32)>()
    }

    /// Bytes that the bounds take.
    pub(super) fn state_bytes(&self) -> usize {
        let sessions = self
            .by_key
            .iter()
            .map(|sessions| sessions.capacity() * size_of::<Session>());
        self.fixed_bytes() + sessions.sum::<usize>()
    }
}
