//! When generated rows are due.

/// So many rows per second, counted from the first row of this run.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    rows_per_second: f64,
    /// The first row of this run, and when it was due, microseconds.
    origin: u64,
    start_us: i64,
}

impl Pace {
    /// The row `origin` is due at `start_us`, the others after it.
    pub fn new(rows_per_second: f64, origin: u64, start_us: i64) -> Self {
        Self {
            rows_per_second,
            origin,
            start_us,
        }
    }

    /// Rows below this index are due.
    pub fn limit(&self, now_us: i64) -> u64 {
        let passed_us = now_us.saturating_sub(self.start_us);
        if passed_us < 0 {
            return self.origin;
        }
        let due = (passed_us as f64 * self.rows_per_second / 1e6) as u64;
        self.origin.saturating_add(due).saturating_add(1)
    }

    /// When the row is due, microseconds.
    pub fn due_us(&self, row: u64) -> i64 {
        let after_us = row.saturating_sub(self.origin) as f64 * 1e6 / self.rows_per_second;
        self.start_us.saturating_add(after_us.ceil() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_due_one_after_the_other() {
        let pace = Pace::new(10.0, 100, 5_000_000);
        assert_eq!(pace.limit(4_999_999), 100);
        assert_eq!(pace.limit(5_000_000), 101);
        assert_eq!(pace.limit(5_099_999), 101);
        assert_eq!(pace.limit(5_100_000), 102);
        assert_eq!(pace.due_us(100), 5_000_000);
        assert_eq!(pace.due_us(102), 5_200_000);
    }

    #[test]
    fn a_row_is_due_when_it_says_so() {
        for rows_per_second in [0.3, 3.0, 7.0, 1e4, 123_456.789] {
            let pace = Pace::new(rows_per_second, 0, 17);
            for row in [0, 1, 2, 3, 1000, 999_999] {
                assert!(pace.limit(pace.due_us(row) + 1) > row, "{rows_per_second} {row}");
                assert!(pace.limit(pace.due_us(row) - 2) <= row, "{rows_per_second} {row}");
            }
        }
    }
}
