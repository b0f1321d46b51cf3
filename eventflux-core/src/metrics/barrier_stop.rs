//! How long a loop stands still for the barriers of checkpoints.

use super::{Cells, Metric};

/// The stops of one loop, from where it takes a barrier until it goes on: what its operators write of their state, and what its
/// sinks flush or stage. Waiting for those behind is part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BarrierStops {
    /// Up to a millisecond.
    pub up_to_1ms: u64,
    /// More than a millisecond, up to 5.
    pub up_to_5ms: u64,
    /// More than 5 milliseconds, up to 25.
    pub up_to_25ms: u64,
    /// More than 25 milliseconds.
    pub longer: u64,
    /// All of them together, microseconds.
    pub total_us: u64,
    /// The longest, at a barrier or for a piece of what is copied after one, microseconds.
    pub max_us: u64,
}

impl BarrierStops {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.up_to_1ms + self.up_to_5ms + self.up_to_25ms + self.longer
    }

    pub(crate) fn of(cells: &Cells) -> Self {
        Self {
            up_to_1ms: cells.count(Metric::BarriersUpTo1Ms),
            up_to_5ms: cells.count(Metric::BarriersUpTo5Ms),
            up_to_25ms: cells.count(Metric::BarriersUpTo25Ms),
            longer: cells.count(Metric::BarriersLonger),
            total_us: cells.count(Metric::BarrierStopUs),
            max_us: cells.count(Metric::BarrierStopMaxUs),
        }
    }

    /// Counts a stop. Only the cells' one writer may call this.
    pub(crate) fn record(cells: &Cells, stop_us: u64) {
        let bucket = match stop_us {
            0..=1_000 => Metric::BarriersUpTo1Ms,
            1_001..=5_000 => Metric::BarriersUpTo5Ms,
            5_001..=25_000 => Metric::BarriersUpTo25Ms,
            _ => Metric::BarriersLonger,
        };
        cells.add(bucket, 1);
        cells.add(Metric::BarrierStopUs, stop_us);
        Self::record_copy(cells, stop_us);
    }

    /// Notes how long a loop stood still for a piece of what it copies after a barrier. Only the cells' one writer may call
    /// this.
    pub(crate) fn record_copy(cells: &Cells, stop_us: u64) {
        if stop_us > cells.count(Metric::BarrierStopMaxUs) {
            cells.set(Metric::BarrierStopMaxUs, stop_us as i64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_counted_by_their_length() {
        let cells = Cells::default();
        for stop_us in [0, 1_000, 1_001, 5_000, 5_001, 25_000, 25_001] {
            BarrierStops::record(&cells, stop_us);
        }
        BarrierStops::record_copy(&cells, 25_002);
        BarrierStops::record_copy(&cells, 4_000);
        let stops = BarrierStops::of(&cells);
        assert_eq!(
            stops,
            BarrierStops {
                up_to_1ms: 2,
                up_to_5ms: 2,
                up_to_25ms: 2,
                longer: 1,
                total_us: 62_003,
                max_us: 25_002,
            }
        );
        assert_eq!(stops.count(), 7);
    }
}
