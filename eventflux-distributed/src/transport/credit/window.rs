//! What the receiver of a channel grants its sender.

use crate::transport::config::CreditConfig;

/// The rate is measured over at least this time, microseconds.
const MEASURE_US: i64 = 20_000;

/// The receiving end of a channel's credit. Sender and receiver count bytes from the beginning of the channel, so that a grant that
/// is told twice grants nothing twice.
///
/// ```text
/// bytes:   0 ────────── taken ───────── received ──────── limit
///                         └── wait here ───┘└─ may be sent ─┘
///                         └──────────── window ─────────────┘    what is taken in 200 ms, 64 KiB to 8 MiB
/// ```
///
/// **Units** Bytes, microseconds.
///
/// **Invariants** `taken <= received <= limit`; the limit never falls. What waits is at most the largest window, or one frame that
/// alone is larger and was asked for.
#[derive(Debug, Clone)]
pub struct CreditWindow {
    config: CreditConfig,
    limit: u64,
    received: u64,
    taken: u64,
    /// The next frame has this many bytes, more than its sender may send.
    needed: u64,
    /// The receiver is ready; before, nothing is granted.
    is_open: bool,
    window: u64,
    measure_began_us: i64,
    measure_began_taken: u64,
    rate_per_s: Option<f64>,
}

/// A sender has sent more than it was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// What it would come to.
    pub received: u64,
    /// What was granted.
    pub limit: u64,
}

impl CreditWindow {
    /// A channel that begins now; nothing is granted yet.
    pub fn new(config: CreditConfig, now_us: i64) -> Self {
        Self {
            config,
            limit: 0,
            received: 0,
            taken: 0,
            needed: 0,
            is_open: false,
            window: config.bytes_min,
            measure_began_us: now_us,
            measure_began_taken: 0,
            rate_per_s: None,
        }
    }

    /// The receiver is ready: the limit to tell the sender, if it is a new one.
    pub fn open(&mut self) -> Option<u64> {
        self.is_open = true;
        self.grant()
    }

    /// A frame comes.
    pub fn receive(&mut self, bytes: u64) -> Result<(), Exceeded> {
        let (received, limit) = (self.received.saturating_add(bytes), self.limit);
        if received > limit {
            return Err(Exceeded { received, limit });
        }
        self.received = received;
        self.needed = 0;
        Ok(())
    }

    /// The receiver has taken this many bytes since the beginning: the limit to tell the sender, if it is a new one.
    pub fn take(&mut self, now_us: i64, taken: u64) -> Option<u64> {
        self.taken = taken.clamp(self.taken, self.received);
        self.measure(now_us);
        self.grant()
    }

    /// The sender's next frame has this many bytes: the limit to tell it, if it is a new one.
    pub fn need(&mut self, bytes: u64) -> Option<u64> {
        self.needed = bytes;
        self.grant()
    }

    /// Bytes that have come and were not taken.
    pub fn waiting(&self) -> u64 {
        self.received - self.taken
    }

    /// What the sender may have sent by now.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    fn measure(&mut self, now_us: i64) {
        let elapsed_us = now_us.saturating_sub(self.measure_began_us);
        if elapsed_us < MEASURE_US {
            return;
        }
        let bytes = (self.taken - self.measure_began_taken) as f64;
        let measured = bytes * 1e6 / elapsed_us as f64;
        let rate = self.rate_per_s.map_or(measured, |rate| (rate + measured) / 2.0);
        self.rate_per_s = Some(rate);
        self.measure_began_us = now_us;
        self.measure_began_taken = self.taken;
        let window = rate * self.config.horizon.as_secs_f64();
        // A float that is too large becomes the largest integer.
        self.window = (window as u64).clamp(self.config.bytes_min, self.config.bytes_max);
    }

    /// Grants are not told byte by byte: only when a quarter of the window is free, or a frame waits for it.
    fn grant(&mut self) -> Option<u64> {
        if !self.is_open {
            return None;
        }
        let limit = self.taken.saturating_add(self.window);
        let enough = limit >= self.limit.saturating_add(self.window / 4).max(1);
        let needed = self.received.saturating_add(self.needed);
        let is_needed = self.needed > 0 && needed > self.limit;
        // A frame that alone is larger than the window is let in once nothing else waits.
        let limit = match is_needed && self.waiting() == 0 {
            true => limit.max(needed),
            false => limit,
        };
        if limit > self.limit && (enough || is_needed) {
            self.limit = limit;
            return Some(limit);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const CONFIG: CreditConfig = CreditConfig {
        horizon: Duration::from_millis(200),
        bytes_min: 1_000,
        bytes_max: 100_000,
    };

    #[test]
    fn a_channel_begins_with_the_smallest_window() {
        let mut window = CreditWindow::new(CONFIG, 0);
        assert_eq!(
            window.receive(1),
            Err(Exceeded {
                received: 1,
                limit: 0
            })
        );
        assert_eq!(window.open(), Some(1_000));
        assert_eq!(window.open(), None);
        assert_eq!(window.receive(1_000), Ok(()));
        assert_eq!(
            window.receive(1),
            Err(Exceeded {
                received: 1_001,
                limit: 1_000
            })
        );
    }

    #[test]
    fn the_window_follows_the_rate_of_the_receiver() {
        let mut window = CreditWindow::new(CONFIG, 0);
        window.open();
        let mut now_us = 0;
        // 1 000 bytes are taken within a millisecond: 1 MB/s, of which 200 ms are more than the largest window.
        for _ in 0..100 {
            now_us += 1_000;
            window.receive(window.limit() - window.received).unwrap();
            window.take(now_us, window.received);
        }
        assert_eq!(window.window, 100_000);
        // Then 10 bytes a millisecond, of which 200 ms are 2 000 bytes.
        let mut taken = window.taken;
        for _ in 0..100_000 {
            now_us += 1_000;
            if window.waiting() < 100 {
                window.receive(window.limit() - window.received).unwrap();
            }
            taken += 10;
            window.take(now_us, taken);
        }
        assert!((1_900..2_100).contains(&window.window), "{}", window.window);
        assert!(window.waiting() <= 2_100, "{}", window.waiting());
    }

    #[test]
    fn a_frame_larger_than_the_window_is_let_in_when_nothing_waits() {
        let mut window = CreditWindow::new(CONFIG, 0);
        window.open();
        window.receive(400).unwrap();
        assert_eq!(window.need(5_000), None);
        assert_eq!(window.take(1, 400), Some(5_400));
        window.receive(5_000).unwrap();
        assert_eq!(window.take(2, 5_400), Some(6_400));
    }

    #[test]
    fn little_that_is_taken_is_not_told_at_once() {
        let mut window = CreditWindow::new(CONFIG, 0);
        window.open();
        window.receive(1_000).unwrap();
        assert_eq!(window.take(1, 200), None);
        assert_eq!(window.take(2, 249), None);
        assert_eq!(window.take(3, 250), Some(1_250));
    }

    #[derive(Debug, Clone)]
    enum Event {
        Send(u64),
        Take(u64),
        Wait(i64),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (1..200_000_u64).prop_map(Event::Send),
            (1..50_000_u64).prop_map(Event::Take),
            (0..100_000_i64).prop_map(Event::Wait),
        ]
    }

    proptest! {
        /// A sender that asks when it may not, and a receiver that at last takes everything: every frame gets through.
        #[test]
        fn every_frame_gets_through_and_what_waits_is_bounded(events in prop::collection::vec(event(), 1..200)) {
            let mut window = CreditWindow::new(CONFIG, 0);
            let mut limit = window.open().unwrap();
            let (mut now_us, mut sent, mut taken, mut largest) = (0, 0, 0, 0);
            for event in events {
                match event {
                    Event::Send(bytes) => {
                        largest = largest.max(bytes);
                        if sent + bytes > limit {
                            limit = window.need(bytes).unwrap_or(limit);
                        }
                        while sent + bytes > limit {
                            prop_assert!(taken < sent, "all was taken, and {} bytes are not let in", bytes);
                            taken = sent.min(taken + 10_000);
                            limit = window.take(now_us, taken).unwrap_or(limit);
                        }
                        sent += bytes;
                        prop_assert_eq!(window.receive(bytes), Ok(()));
                    }
                    Event::Take(bytes) => {
                        taken = sent.min(taken + bytes);
                        limit = window.take(now_us, taken).unwrap_or(limit);
                    }
                    Event::Wait(us) => now_us += us,
                }
                prop_assert_eq!(limit, window.limit());
                prop_assert!(sent <= limit);
                prop_assert!(window.waiting() <= CONFIG.bytes_max.max(largest));
            }
        }
    }
}
