//! Watermarks from event times: a bounded delay behind the largest one seen.
//!
//! **Invariants** What is late does not depend on how rows were batched. A batch is cut where a row would have been late had
//! each row come in a batch of its own; a batch without such a row stays whole and is followed by one watermark.

use std::ops::Range;

use crate::element::{WATERMARK_MIN, Watermark};

/// The watermark of one sequence of rows: the largest event time less a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundedDelay {
    delay_us: i64,
    largest_us: i64,
}

/// Rows of a batch that are handed on together, and the watermark that follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The rows; may be empty.
    pub rows: Range<usize>,
    /// The watermark after them, if it has advanced.
    pub watermark: Option<Watermark>,
}

impl BoundedDelay {
    /// Before the first row.
    pub fn new(delay_us: i64) -> Self {
        Self {
            delay_us,
            largest_us: WATERMARK_MIN,
        }
    }

    /// After rows of which this was the largest event time.
    pub fn from_largest(delay_us: i64, largest_us: i64) -> Self {
        Self { delay_us, largest_us }
    }

    /// The largest event time so far, if there was any.
    pub fn largest_us(&self) -> Option<i64> {
        (self.largest_us != WATERMARK_MIN).then_some(self.largest_us)
    }

    /// No later row is expected below this.
    pub fn watermark(&self) -> Watermark {
        self.largest_us.saturating_sub(self.delay_us)
    }

    /// Takes the rows of a batch and says where to cut it.
    ///
    /// `others` holds the watermark back: the least of the other partitions, or
    /// [`WATERMARK_MAX`](crate::element::WATERMARK_MAX) without any. `emitted` is the last watermark that was handed on;
    /// it is kept up to date and never falls.
    ///
    /// ```
    /// use eventflux_core::element::{WATERMARK_MAX, WATERMARK_MIN};
    /// use eventflux_core::time::{BoundedDelay, Cut};
    ///
    /// let mut emitted = WATERMARK_MIN;
    /// let cuts = BoundedDelay::new(10).cut(&[100, 120, 105, 130], WATERMARK_MAX, &mut emitted);
    /// // The third row is late behind the second, whose watermark is 110: it must find that watermark.
    /// assert_eq!(cuts, [Cut { rows: 0..2, watermark: Some(110) }, Cut { rows: 2..4, watermark: Some(120) }]);
    /// ```
    pub fn cut(&mut self, event_times: &[i64], others: Watermark, emitted: &mut Watermark) -> Vec<Cut> {
        let mut cuts = Vec::with_capacity(1);
        let mut start = 0;
        let mut running = self.watermark().min(others).max(*emitted);
        for (row, time) in event_times.iter().enumerate() {
            if *time < running && running > *emitted {
                *emitted = running;
                cuts.push(Cut {
                    rows: start..row,
                    watermark: Some(running),
                });
                start = row;
            }
            if *time > self.largest_us {
                self.largest_us = *time;
                running = self.watermark().min(others).max(*emitted);
            }
        }
        let watermark = (running > *emitted).then_some(running);
        *emitted = running;
        cuts.push(Cut {
            rows: start..event_times.len(),
            watermark,
        });
        cuts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::element::WATERMARK_MAX;

    /// Each row with the watermark that it finds, and the last watermark.
    fn lateness(
        times: &[i64],
        batch_rows: usize,
        delay_us: i64,
        others: Watermark,
    ) -> (Vec<(i64, bool)>, Watermark) {
        let mut delay = BoundedDelay::new(delay_us);
        let mut emitted = WATERMARK_MIN;
        let mut found = WATERMARK_MIN;
        let mut rows = Vec::new();
        for batch in times.chunks(batch_rows) {
            for cut in delay.cut(batch, others, &mut emitted) {
                rows.extend(batch[cut.rows].iter().map(|time| (*time, *time < found)));
                found = cut.watermark.unwrap_or(found);
            }
        }
        (rows, found)
    }

    #[test]
    fn a_batch_without_late_rows_stays_whole() {
        let mut emitted = WATERMARK_MIN;
        let cuts = BoundedDelay::new(5).cut(&[10, 8, 12, 7], WATERMARK_MAX, &mut emitted);
        assert_eq!(
            cuts,
            [Cut {
                rows: 0..4,
                watermark: Some(7)
            }]
        );
        assert_eq!(emitted, 7);
    }

    #[test]
    fn other_partitions_hold_the_watermark_back() {
        let mut emitted = WATERMARK_MIN;
        let mut delay = BoundedDelay::new(0);
        assert_eq!(
            delay.cut(&[50, 40], 30, &mut emitted),
            [Cut {
                rows: 0..2,
                watermark: Some(30)
            }]
        );
        assert_eq!(
            delay.cut(&[60], 20, &mut emitted),
            [Cut {
                rows: 0..1,
                watermark: None
            }]
        );
        assert_eq!(emitted, 30);
    }

    #[test]
    fn before_the_first_row_there_is_no_watermark() {
        let mut emitted = WATERMARK_MIN;
        assert_eq!(
            BoundedDelay::new(5).cut(&[], WATERMARK_MAX, &mut emitted),
            [Cut {
                rows: 0..0,
                watermark: None
            }]
        );
    }

    proptest! {
        #[test]
        fn what_is_late_does_not_depend_on_the_batch_size(
            times in prop::collection::vec(0i64..200, 1..60),
            delay_us in 0i64..30,
            others in 0i64..300,
            batch_rows in 2usize..20,
        ) {
            prop_assert_eq!(lateness(&times, 1, delay_us, others), lateness(&times, batch_rows, delay_us, others));
        }
    }
}
