//! Dates, times and timestamps: ISO 8601 text, or numbers in a unit that the user names.

use arrow::datatypes::TimeUnit;
use eventflux_core::time::iso;
use eventflux_core::time::iso::units_per_second;

use super::{Rounding, parse_scaled};

/// Reads a timestamp in the column's unit: ISO 8601, or a number in `number_unit` since the epoch. What is finer than the
/// column's unit is cut off, downwards.
pub fn parse_timestamp(text: &[u8], unit: TimeUnit, number_unit: TimeUnit) -> Option<i64> {
    match iso::parse_timestamp(text) {
        Some(moment) => moment.to_units(unit),
        None => i64::try_from(parse_scaled(
            text,
            scale_between(number_unit, unit),
            Rounding::Floor,
        )?)
        .ok(),
    }
}

/// What makes a count of one unit a count of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitFactor {
    multiply_by: i64,
    divide_by: i64,
}

impl UnitFactor {
    /// From one unit to the other.
    pub fn between(from: TimeUnit, to: TimeUnit) -> Self {
        let (from, to) = (units_per_second(from), units_per_second(to));
        Self {
            multiply_by: (to / from).max(1),
            divide_by: (from / to).max(1),
        }
    }

    /// The count in the other unit, rounded down; `None` if it does not fit.
    #[inline]
    pub fn convert(self, value: i64) -> Option<i64> {
        match self.divide_by {
            1 => value.checked_mul(self.multiply_by),
            divisor => Some(value.div_euclid(divisor)),
        }
    }
}

/// The power of ten by which a count of one unit becomes one of the other.
fn scale_between(from: TimeUnit, to: TimeUnit) -> i32 {
    let digits = |unit| units_per_second(unit).ilog10() as i32;
    digits(to) - digits(from)
}

/// Reads a date as days since the epoch: ISO 8601, or that number.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    iso::parse_date(text).or_else(|| super::parse_integer(text))
}

/// Reads a time of day in the column's unit: ISO 8601, or a number in `number_unit` since midnight.
pub fn parse_time(text: &[u8], unit: TimeUnit, number_unit: TimeUnit) -> Option<i64> {
    let value = match iso::parse_time(text) {
        Some(nanos) => nanos / (1_000_000_000 / units_per_second(unit)),
        None => i64::try_from(parse_scaled(
            text,
            scale_between(number_unit, unit),
            Rounding::Floor,
        )?)
        .ok()?,
    };
    (0..86_400 * units_per_second(unit))
        .contains(&value)
        .then_some(value)
}

#[cfg(test)]
mod tests {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};

    use super::*;

    #[test]
    fn numbers_are_in_the_unit_that_was_named() {
        let five = 1_357_016_400_000_000;
        assert_eq!(
            parse_timestamp(b"2013-01-01T05:00:00Z", Microsecond, Millisecond),
            Some(five)
        );
        assert_eq!(
            parse_timestamp(b"1357016400000", Microsecond, Millisecond),
            Some(five)
        );
        assert_eq!(parse_timestamp(b"1357016400", Microsecond, Second), Some(five));
        assert_eq!(
            parse_timestamp(b"1357016400.0000019", Microsecond, Second),
            Some(five + 1)
        );
        assert_eq!(parse_timestamp(b"1.3570164e9", Microsecond, Second), Some(five));
        assert_eq!(
            parse_timestamp(b"1357016400000000999", Microsecond, Nanosecond),
            Some(five)
        );
        assert_eq!(parse_timestamp(b"-1", Second, Nanosecond), Some(-1));
        assert_eq!(parse_timestamp(b"9223372036854775807", Nanosecond, Second), None);
        assert_eq!(parse_timestamp(b"today", Microsecond, Second), None);
    }

    #[test]
    fn factors_agree_with_what_text_says() {
        for (from, to) in [
            (Millisecond, Microsecond),
            (Microsecond, Millisecond),
            (Second, Second),
            (Nanosecond, Second),
        ] {
            for value in [0, 1, -1, 1_999, -1_999, i64::MAX, i64::MIN + 1] {
                let text = value.to_string();
                assert_eq!(
                    UnitFactor::between(from, to).convert(value),
                    parse_timestamp(text.as_bytes(), to, from)
                );
            }
        }
    }

    #[test]
    fn dates_and_times_of_day() {
        assert_eq!(parse_date(b"1970-01-02"), Some(1));
        assert_eq!(parse_date(b"15706"), Some(15_706));
        assert_eq!(parse_date(b"1970-01-32"), None);
        assert_eq!(
            parse_time(b"05:00:00.25", Microsecond, Millisecond),
            Some(18_000_250_000)
        );
        assert_eq!(
            parse_time(b"18000250", Microsecond, Millisecond),
            Some(18_000_250_000)
        );
        assert_eq!(parse_time(b"86400000", Microsecond, Millisecond), None);
        assert_eq!(parse_time(b"-1", Microsecond, Millisecond), None);
    }
}
