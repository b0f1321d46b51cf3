//! ISO 8601 text of dates, times and timestamps, read and written.
//!
//! **Shapes** `2013-01-01`, `05:00:00.25`, `2013-01-01T05:00:00.25Z`; a blank in place of `T`, up to nine digits of a
//! second, no seconds, no zone (UTC is meant), or an offset such as `+01:00`, `+0100` or `+01` are read too. Years beyond
//! 0000–9999 bear a sign and six to nine digits.
//!
//! **Units** [`Moment`]: seconds since the epoch and the nanoseconds after it, so that every precision fits.

use arrow::datatypes::TimeUnit;

use super::calendar::{civil_from_days, days_from_civil, days_in_month};

const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970-01-01 UTC, rounded down.
    pub seconds: i64,
    /// Nanoseconds after that, below 1 000 000 000.
    pub nanos: u32,
}

impl Moment {
    /// The moment at a count of units since the epoch.
    pub fn from_units(value: i64, unit: TimeUnit) -> Self {
        let per_second = units_per_second(unit);
        let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
        Self {
            seconds: value.div_euclid(per_second),
            nanos: nanos as u32,
        }
    }

    /// Units since the epoch, rounded down; `None` if they do not fit.
    pub fn to_units(self, unit: TimeUnit) -> Option<i64> {
        let per_second = units_per_second(unit);
        let part = i64::from(self.nanos) / (1_000_000_000 / per_second);
        // Near the lower end the product alone may not fit although the sum does.
        match self.seconds.checked_mul(per_second) {
            Some(whole) => whole.checked_add(part),
            None => i64::try_from(i128::from(self.seconds) * i128::from(per_second) + i128::from(part)).ok(),
        }
    }
}

/// How many of the unit make a second.
pub fn units_per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Reads a timestamp, or a date as its first moment.
pub fn parse_timestamp(text: &[u8]) -> Option<Moment> {
    let mut rest = text;
    let days = take_date(&mut rest)?;
    let mut moment = Moment {
        seconds: days * SECONDS_PER_DAY,
        nanos: 0,
    };
    if let [b'T' | b't' | b' ', time @ ..] = rest {
        rest = time;
        let (seconds, nanos) = take_time(&mut rest)?;
        let offset_seconds = take_offset(&mut rest)?;
        moment = Moment {
            seconds: moment.seconds + seconds - offset_seconds,
            nanos,
        };
    }
    rest.is_empty().then_some(moment)
}

/// Reads a date as days since the epoch.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    let mut rest = text;
    let days = take_date(&mut rest)?;
    if rest.is_empty() {
        i32::try_from(days).ok()
    } else {
        None
    }
}

/// Reads a time of day as nanoseconds since midnight.
pub fn parse_time(text: &[u8]) -> Option<i64> {
    let mut rest = text;
    let (seconds, nanos) = take_time(&mut rest)?;
    rest.is_empty()
        .then_some(seconds * 1_000_000_000 + i64::from(nanos))
}

fn take_date(rest: &mut &[u8]) -> Option<i64> {
    let year = take_year(rest)?;
    take_byte(rest, b'-')?;
    let month = take_two(rest)?;
    take_byte(rest, b'-')?;
    let day = take_two(rest)?;
    let is_day = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    is_day.then(|| days_from_civil(year, month, day))
}

fn take_year(rest: &mut &[u8]) -> Option<i64> {
    let (sign, digits) = match *rest {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        [a, b, c, d, after @ ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) => {
            *rest = after;
            let digit = |byte: &u8| i64::from(byte - b'0');
            return Some(digit(a) * 1000 + digit(b) * 100 + digit(c) * 10 + digit(d));
        }
        _ => return None,
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(6..=9).contains(&count) {
        return None;
    }
    *rest = &digits[count..];
    Some(
        sign * digits[..count]
            .iter()
            .fold(0, |year, byte| year * 10 + i64::from(byte - b'0')),
    )
}

/// Seconds since midnight, and the nanoseconds after.
fn take_time(rest: &mut &[u8]) -> Option<(i64, u32)> {
    let hour = take_two(rest)?;
    take_byte(rest, b':')?;
    let minute = take_two(rest)?;
    let (mut second, mut nanos) = (0, 0);
    if take_byte(rest, b':').is_some() {
        second = take_two(rest)?;
        if take_byte(rest, b'.').is_some() {
            nanos = take_nanos(rest)?;
        }
    }
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then(|| (i64::from(hour * 3_600 + minute * 60 + second), nanos))
}

fn take_nanos(rest: &mut &[u8]) -> Option<u32> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let digits = rest[..count]
        .iter()
        .fold(0, |value, byte| value * 10 + u32::from(byte - b'0'));
    *rest = &rest[count..];
    Some(digits * 10u32.pow(9 - count as u32))
}

/// Seconds east of UTC; nothing means UTC.
fn take_offset(rest: &mut &[u8]) -> Option<i64> {
    if let [b' ', b'Z' | b'z' | b'+' | b'-', ..] = *rest {
        *rest = &rest[1..];
    }
    let sign = match *rest {
        [] => return Some(0),
        [b'Z' | b'z'] => {
            *rest = &[];
            return Some(0);
        }
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hour = take_two(rest)?;
    let _ = take_byte(rest, b':');
    let minute = if rest.is_empty() { 0 } else { take_two(rest)? };
    (hour < 24 && minute < 60).then(|| sign * i64::from(hour * 3_600 + minute * 60))
}

fn take_two(rest: &mut &[u8]) -> Option<u32> {
    let [a, b, after @ ..] = *rest else { return None };
    let (tens, ones) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    *rest = after;
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn take_byte(rest: &mut &[u8], byte: u8) -> Option<()> {
    let [first, after @ ..] = *rest else { return None };
    (*first == byte).then(|| *rest = after)
}

/// Appends a timestamp in UTC with as many digits of a second as the unit has: `2013-01-01T05:00:00.000Z`.
pub fn write_timestamp(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let moment = Moment::from_units(value, unit);
    write_date(moment.seconds.div_euclid(SECONDS_PER_DAY), out);
    let (clock, length) = clock_text(moment.seconds.rem_euclid(SECONDS_PER_DAY), moment.nanos, unit);
    out.extend_from_slice(&clock[..length]);
    out.push(b'Z');
}

/// Appends a date, given as days since the epoch.
pub fn write_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil_from_days(days);
    let ([m1, m2], [d1, d2]) = (two(month), two(day));
    if let 0..=9999 = year {
        let ([y1, y2], [y3, y4]) = (two(year as u32 / 100), two(year as u32 % 100));
        out.extend_from_slice(&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]);
    } else {
        out.extend_from_slice(format!("{year:+07}").as_bytes());
        out.extend_from_slice(&[b'-', m1, m2, b'-', d1, d2]);
    }
}

/// Appends a time of day, given as units since midnight, with as many digits of a second as the unit has.
pub fn write_time(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let moment = Moment::from_units(value, unit);
    let (clock, length) = clock_text(moment.seconds.rem_euclid(SECONDS_PER_DAY), moment.nanos, unit);
    out.extend_from_slice(&clock[1..length]);
}

/// `T05:00:00.000000000`, and how much of it the unit has.
fn clock_text(seconds: i64, nanos: u32, unit: TimeUnit) -> ([u8; 19], usize) {
    let seconds = seconds as u32;
    let ([h1, h2], [m1, m2], [s1, s2]) = (two(seconds / 3_600), two(seconds / 60 % 60), two(seconds % 60));
    let [a, b, c] = [nanos / 1_000_000, nanos / 1_000 % 1_000, nanos % 1_000].map(three);
    let text = [
        b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2],
    ];
    let length = match unit {
        TimeUnit::Second => 9,
        TimeUnit::Millisecond => 13,
        TimeUnit::Microsecond => 16,
        TimeUnit::Nanosecond => 19,
    };
    (text, length)
}

fn two(value: u32) -> [u8; 2] {
    [b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]
}

fn three(value: u32) -> [u8; 3] {
    [
        b'0' + (value / 100 % 10) as u8,
        b'0' + (value / 10 % 10) as u8,
        b'0' + (value % 10) as u8,
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn us(text: &str) -> Option<i64> {
        parse_timestamp(text.as_bytes())?.to_units(TimeUnit::Microsecond)
    }

    fn text(value: i64, unit: TimeUnit) -> String {
        let mut out = Vec::new();
        write_timestamp(value, unit, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_are_read_in_the_usual_spellings() {
        let five = 1_357_016_400_000_000;
        for spelling in [
            "2013-01-01T05:00:00Z",
            "2013-01-01 05:00:00",
            "2013-01-01t05:00z",
            "2013-01-01T05:00:00.000000000Z",
            "2013-01-01T06:00:00+01:00",
            "2013-01-01 06:00:00 +0100",
            "2013-01-01T00:30:00-04:30",
            "2013-01-01T06:00+01",
        ] {
            assert_eq!(us(spelling), Some(five), "{spelling}");
        }
        assert_eq!(us("1969-12-31T23:59:59.5Z"), Some(-500_000));
        assert_eq!(us("2013-01-01"), Some(five - 5 * 3_600_000_000));
        assert_eq!(us("2000-02-29T00:00:00.1234567"), Some(951_782_400_123_456));
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for wrong in [
            "",
            "2013",
            "2013-1-1",
            "2013-02-29",
            "2013-13-01",
            "2013-00-01",
            "2013-01-00",
            "2013-01-01T",
            "2013-01-01T5:00",
            "2013-01-01T24:00:00",
            "2013-01-01T05:60",
            "2013-01-01T05:00:60",
            "2013-01-01T05:00:00.",
            "2013-01-01T05:00:00.1234567890",
            "2013-01-01T05:00:00ZZ",
            "2013-01-01T05:00:00+1",
            "2013-01-01T05:00:00+25:00",
            "2013-01-01T05:00:00 UTC",
            "2013-01-01Z",
            "+2013-01-01",
            "2013/01/01",
            "20130101T050000",
            "９９９９-01-01",
        ] {
            assert_eq!(us(wrong), None, "{wrong}");
        }
        assert_eq!(us("+999999999999-01-01"), None);
        let far = parse_timestamp(b"+999999999-01-01").unwrap();
        assert_eq!(far.to_units(TimeUnit::Nanosecond), None);
    }

    #[test]
    fn as_many_digits_are_written_as_the_type_has() {
        assert_eq!(text(0, TimeUnit::Second), "1970-01-01T00:00:00Z");
        assert_eq!(
            text(1_700_000_000_000, TimeUnit::Millisecond),
            "2023-11-14T22:13:20.000Z"
        );
        assert_eq!(text(-1, TimeUnit::Microsecond), "1969-12-31T23:59:59.999999Z");
        assert_eq!(text(1, TimeUnit::Nanosecond), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(text(253_402_300_800, TimeUnit::Second), "+010000-01-01T00:00:00Z");
        assert_eq!(text(-62_167_219_201, TimeUnit::Second), "-000001-12-31T23:59:59Z");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any::<i64>(), unit in 0usize..4) {
            let unit = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond][unit];
            // Seconds beyond a trillion years have more digits than a year may have.
            let value = if unit == TimeUnit::Second { value % (1 << 54) } else { value };
            prop_assert_eq!(parse_timestamp(text(value, unit).as_bytes()).unwrap().to_units(unit), Some(value));
            let day_units = value.rem_euclid(86_400 * units_per_second(unit));
            let mut out = Vec::new();
            write_time(day_units, unit, &mut out);
            prop_assert_eq!(parse_time(&out).unwrap(), day_units * (1_000_000_000 / units_per_second(unit)));
        }

        #[test]
        fn dates_read_back(days in any::<i32>()) {
            let mut out = Vec::new();
            write_date(i64::from(days), &mut out);
            prop_assert_eq!(parse_date(&out), Some(days));
        }

        #[test]
        fn hostile_text_never_panics(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (parse_timestamp(&text), parse_date(&text), parse_time(&text));
        }
    }
}
