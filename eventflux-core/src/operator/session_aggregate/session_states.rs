//! What is kept per key: the bounds of its sessions, and the state of each.
//!
//! **Layout** of a stored key:
//!
//! ```text
//! value := u32-be count, count x (first row's time, last row's time: i64-be), count x state
//! ```

use super::sessions::{Due, Sessions};
use crate::element::{WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::operator::aggregate::Stored;
use crate::operator::group::{CallStates, Group, KeyContent};
use crate::state::cold::StoredTimes;

/// The sessions of all keys with their states.
pub(super) struct SessionStates {
    pub(super) sessions: Sessions,
    pub(super) states: CallStates,
    /// Up to where sessions have been emitted.
    pub(super) watermark: Watermark,
}

impl SessionStates {
    pub(super) fn new(sessions: Sessions, states: CallStates) -> Self {
        Self {
            sessions,
            states,
            watermark: WATERMARK_MIN,
        }
    }

    /// Sessions are over, and their states are needed no more.
    pub(super) fn release(&mut self, over: &[Due]) {
        for due in over {
            self.states.remove(&[due.session.slot]);
            self.sessions.take_out(due);
            self.sessions.release(due.session.slot);
        }
    }
}

impl KeyContent for SessionStates {
    fn resize(&mut self, key_count: usize) {
        self.sessions.resize(key_count);
    }

    fn is_empty(&self, key: Group) -> bool {
        self.sessions.of_key(key).is_empty()
    }

    fn encode(&self, key: Group, out: &mut Vec<u8>) -> Result<()> {
        let sessions = self.sessions.of_key(key);
        out.extend_from_slice(&(sessions.len() as u32).to_be_bytes());
        for session in sessions {
            out.extend_from_slice(&session.start.to_be_bytes());
            out.extend_from_slice(&session.last.to_be_bytes());
        }
        sessions
            .iter()
            .try_for_each(|session| self.states.encode(session.slot, out))
    }

    fn decode(&mut self, key: Group, value: &[u8]) -> Result<()> {
        let mut input = Stored::new(value);
        for (start, last) in bounds(&mut input)? {
            let slot = self.sessions.restore(key, start, last);
            self.states.resize(self.sessions.slot_count());
            self.states.decode(slot, &mut input)?;
        }
        let over = self.sessions.catch_up(key, self.watermark);
        self.release(&over);
        input.finish()
    }

    fn remove(&mut self, key: Group) {
        let slots = self.sessions.forget(key);
        self.states.remove(&slots);
    }

    fn room(&self) -> usize {
        self.sessions.room()
    }

    fn fixed_bytes(&self) -> usize {
        self.sessions.fixed_bytes() + self.states.fixed_bytes()
    }

    fn state_bytes(&self) -> usize {
        self.sessions.state_bytes() + self.states.state_bytes()
    }
}

/// The bounds of a stored key's sessions. Their states come next.
pub(in crate::operator) fn bounds(input: &mut Stored<'_>) -> Result<Vec<(i64, i64)>> {
    (0..input.count()?)
        .map(|_| Ok((input.i64()?, input.i64()?)))
        .collect()
}

/// The ends of stored sessions.
#[derive(Debug)]
pub(crate) struct SessionEnds {
    /// Less than this is between rows of a session.
    pub(crate) gap_us: i64,
}

impl StoredTimes for SessionEnds {
    fn times(&self, value: &[u8], times: &mut Vec<i64>) -> Result<()> {
        let bounds = bounds(&mut Stored::new(value))?;
        times.extend(bounds.iter().map(|(_, last)| last.saturating_add(self.gap_us)));
        Ok(())
    }
}
