//! Where processing time comes from.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Processing time, microseconds since the epoch, UTC.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now_us(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_us(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
    }
}

/// A clock that moves only when it is told to: for replays, tests and simulations.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now_us: AtomicI64,
}

impl VirtualClock {
    /// A clock that shows this time.
    pub fn at(now_us: i64) -> Self {
        Self {
            now_us: AtomicI64::new(now_us),
        }
    }

    /// Moves the clock forward; an earlier time leaves it where it is.
    pub fn advance_to(&self, now_us: i64) {
        self.now_us.fetch_max(now_us, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now_us(&self) -> i64 {
        self.now_us.load(Ordering::SeqCst)
    }
}
