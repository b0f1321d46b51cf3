//! Spans of time as the engine counts them.

use std::time::Duration;

/// A span in microseconds; the longest there is, if it is longer.
pub fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_that_is_too_long_is_the_longest() {
        assert_eq!(micros(Duration::from_millis(3)), 3_000);
        assert_eq!(micros(Duration::MAX), i64::MAX);
    }
}
