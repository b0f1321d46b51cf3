//! Where processing time comes from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Processing time, microseconds since the epoch, UTC.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now_us(&self) -> i64;

    /// Waits until the clock shows this time.
    fn reached(&self, due_us: i64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_us(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
    }

    fn reached(&self, due_us: i64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let wait_us = u64::try_from(due_us.saturating_sub(self.now_us())).unwrap_or_default();
        Box::pin(tokio::time::sleep(Duration::from_micros(wait_us)))
    }
}

/// A clock that moves only when it is told to: for replays, tests and simulations.
///
/// ```
/// use eventflux_core::time::{Clock, VirtualClock};
/// let clock = VirtualClock::at(1_000);
/// clock.advance_to(1_500);
/// clock.advance_to(1_200);
/// assert_eq!(clock.now_us(), 1_500);
/// ```
#[derive(Debug)]
pub struct VirtualClock {
    now_us: watch::Sender<i64>,
}

impl VirtualClock {
    /// A clock that shows this time.
    pub fn at(now_us: i64) -> Self {
        Self {
            now_us: watch::Sender::new(now_us),
        }
    }

    /// Moves the clock forward; an earlier time leaves it where it is.
    pub fn advance_to(&self, now_us: i64) {
        self.now_us.send_if_modified(|shown| {
            let is_later = now_us > *shown;
            *shown = now_us.max(*shown);
            is_later
        });
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::at(0)
    }
}

impl Clock for VirtualClock {
    fn now_us(&self) -> i64 {
        *self.now_us.borrow()
    }

    fn reached(&self, due_us: i64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut shown = self.now_us.subscribe();
        Box::pin(async move {
            // The sender is this clock, which the future borrows: the wait cannot fail.
            let _ = shown.wait_for(|now_us| *now_us >= due_us).await;
        })
    }
}
