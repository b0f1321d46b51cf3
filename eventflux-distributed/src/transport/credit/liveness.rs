//! Whether the peer is still there.

use std::time::Duration;

use eventflux_core::time::micros;

/// What both ends last heard of each other.
///
/// **Units** Microseconds.
#[derive(Debug, Clone)]
pub struct Liveness {
    interval_us: i64,
    silence_max_us: i64,
    sent_us: i64,
    received_us: i64,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// The peer must hear something.
    Beat,
    /// Nothing was heard of the peer for this long: it is gone.
    Dead {
        /// Microseconds.
        silent_us: i64,
    },
    /// Nothing before this time.
    Wait {
        /// Until when.
        until_us: i64,
    },
}

impl Liveness {
    /// A connection that begins now.
    pub fn new(now_us: i64, interval: Duration, silence_max: Duration) -> Self {
        let us = |duration: Duration| micros(duration).max(1);
        Self {
            interval_us: us(interval),
            silence_max_us: us(silence_max),
            sent_us: now_us,
            received_us: now_us,
        }
    }

    /// Something was sent.
    pub fn sent(&mut self, now_us: i64) {
        self.sent_us = self.sent_us.max(now_us);
    }

    /// Something came.
    pub fn received(&mut self, now_us: i64) {
        self.received_us = self.received_us.max(now_us);
    }

    /// What is to be done at this time.
    pub fn pulse(&self, now_us: i64) -> Pulse {
        let silent_us = now_us.saturating_sub(self.received_us);
        if silent_us >= self.silence_max_us {
            return Pulse::Dead { silent_us };
        }
        let beat_us = self.sent_us.saturating_add(self.interval_us);
        if now_us >= beat_us {
            return Pulse::Beat;
        }
        let dead_us = self.received_us.saturating_add(self.silence_max_us);
        Pulse::Wait {
            until_us: beat_us.min(dead_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_connection_beats_and_a_silent_peer_is_gone() {
        let mut liveness = Liveness::new(0, Duration::from_micros(10), Duration::from_micros(25));
        assert_eq!(liveness.pulse(0), Pulse::Wait { until_us: 10 });
        assert_eq!(liveness.pulse(10), Pulse::Beat);
        liveness.sent(10);
        assert_eq!(liveness.pulse(10), Pulse::Wait { until_us: 20 });
        liveness.received(12);
        liveness.sent(30);
        assert_eq!(liveness.pulse(30), Pulse::Wait { until_us: 37 });
        assert_eq!(liveness.pulse(37), Pulse::Dead { silent_us: 25 });
    }

    #[test]
    fn a_clock_that_goes_back_changes_nothing() {
        let mut liveness = Liveness::new(100, Duration::from_micros(10), Duration::from_micros(25));
        liveness.received(50);
        liveness.sent(50);
        assert_eq!(liveness.pulse(109), Pulse::Wait { until_us: 110 });
    }
}
