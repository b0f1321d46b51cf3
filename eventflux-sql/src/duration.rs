//! Lengths of time in the text: `INTERVAL '10' SECOND`, `INTERVAL '1 day 2 hours'`, `1 hour 30 minutes`, `'10s'`.
//!
//! **Units**: microseconds. Months, quarters and years have no fixed length and are refused wherever a length of
//! time is needed; arithmetic on timestamps (`ts - INTERVAL '1' MONTH`) is not the concern of this module.
//!
//! **Invariants**: what is given is exact. A fraction finer than a microsecond, and a length beyond 292 thousand years,
//! is refused rather than rounded.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Span, closest, did_you_mean};

/// A length of time and where the text says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Its length in microseconds.
    pub us: i64,
    /// Where it is written.
    pub span: Span,
}

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    /// One lower-case sentence.
    pub message: String,
    /// What to write instead, if it is known.
    pub help: Option<String>,
}

impl DurationError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// As a diagnostic at `span`.
    pub fn at(self, span: Span) -> Diagnostic {
        Diagnostic::error(Code::InvalidDuration, span, self.message).with_help_opt(self.help)
    }
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DurationError {}

/// The names of a unit and its length in microseconds.
const UNITS: &[(&[&str], i64)] = &[
    (&["microsecond", "microseconds", "us", "µs", "usec"], 1),
    (&["millisecond", "milliseconds", "ms", "msec", "millis"], 1_000),
    (&["second", "seconds", "s", "sec", "secs"], 1_000_000),
    (&["minute", "minutes", "m", "min", "mins"], 60_000_000),
    (&["hour", "hours", "h", "hr", "hrs"], 3_600_000_000),
    (&["day", "days", "d"], 86_400_000_000),
    (&["week", "weeks", "w"], 604_800_000_000),
];

/// Units of the calendar, whose length varies.
const CALENDAR_UNITS: &[&str] = &[
    "month", "months", "mon", "quarter", "quarters", "year", "years", "y", "decade", "century",
];

/// The length of a unit in microseconds.
pub(crate) fn unit_us(name: &str) -> Result<i64, DurationError> {
    let lower = name.to_lowercase();
    if let Some((_, us)) = UNITS.iter().find(|(names, _)| names.contains(&lower.as_str())) {
        return Ok(*us);
    }
    if CALENDAR_UNITS.contains(&lower.as_str()) {
        return Err(DurationError::with_help(
            format!("a {} has no fixed length", lower.trim_end_matches('s')),
            "use days or shorter units",
        ));
    }
    if matches!(lower.as_str(), "nanosecond" | "nanoseconds" | "ns") {
        return Err(DurationError::with_help(
            "time is counted in microseconds",
            "use microseconds or longer units",
        ));
    }
    let known = UNITS.iter().flat_map(|(names, _)| names.iter().copied());
    let help = did_you_mean(&lower, known.filter(|known| known.len() > 2));
    Err(DurationError {
        message: format!("no unit of time is named `{name}`"),
        help,
    })
}

/// Whether a word can be a unit behind a number in `1 hour 30 minutes`, known or mistyped.
pub(crate) fn is_unit(word: &str) -> bool {
    let lower = word.to_lowercase();
    UNITS.iter().any(|(names, _)| names.contains(&lower.as_str())) || CALENDAR_UNITS.contains(&lower.as_str())
}

/// The unit that a word almost is.
pub(crate) fn mistyped_unit(word: &str) -> Option<&'static str> {
    let known = UNITS
        .iter()
        .flat_map(|(names, _)| names.iter())
        .chain(CALENDAR_UNITS)
        .copied();
    closest(word, known.filter(|known| known.len() > 3)).filter(|_| word.len() > 3 && !is_unit(word))
}

/// The microseconds of a decimal number of units, if exact.
pub(crate) fn scaled(number: &str, unit_us: i64) -> Result<i64, DurationError> {
    let not_a_number = || DurationError::new(format!("`{number}` is not a number"));
    let (is_negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if digits.is_empty() || digits == "." || !is_digits(whole) || !is_digits(fraction) {
        return Err(not_a_number());
    }
    let too_long = || DurationError::new(format!("`{number}` is too long a time"));
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| too_long())?
    };
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 18 {
        return Err(DurationError::new(format!(
            "`{number}` is finer than a microsecond"
        )));
    }
    let divisor = 10_i128.pow(u32::try_from(fraction.len()).map_err(|_| too_long())?);
    let fraction: i128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().map_err(|_| too_long())?
    };
    let scaled_fraction = fraction * i128::from(unit_us);
    if scaled_fraction % divisor != 0 {
        return Err(DurationError::new(format!(
            "`{number}` is finer than a microsecond"
        )));
    }
    let us = whole
        .checked_mul(i128::from(unit_us))
        .and_then(|us| us.checked_add(scaled_fraction / divisor))
        .ok_or_else(too_long)?;
    i64::try_from(if is_negative { -us } else { us }).map_err(|_| too_long())
}

/// The microseconds of a text such as `1 day 2 hours`, `1h 30m`, `10s`, `02:30:00` or `1 day 02:30`.
pub fn parse_text(text: &str) -> Result<i64, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::new("the duration is empty"));
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ':')))
            .unwrap_or(rest.len());
        let (number, behind) = rest.split_at(number_end);
        if number.is_empty() {
            return Err(DurationError::with_help(
                format!("`{text}` is not a duration"),
                "write a number and a unit, such as `10 seconds` or `1 hour 30 minutes`",
            ));
        }
        let (us, behind) = if number.contains(':') {
            (clock_us(number)?, behind)
        } else {
            let behind = behind.trim_start();
            let unit_end = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
            let (unit, behind) = behind.split_at(unit_end);
            if unit.is_empty() {
                return Err(DurationError::with_help(
                    format!("`{number}` has no unit"),
                    format!("write for instance `{number} seconds`"),
                ));
            }
            (scaled(number, unit_us(unit)?)?, behind)
        };
        total = total
            .checked_add(us)
            .ok_or_else(|| DurationError::new(format!("`{text}` is too long a time")))?;
        rest = behind.trim_start_matches([' ', ',']);
    }
    Ok(total)
}

/// The microseconds of `hours:minutes[:seconds]`.
fn clock_us(text: &str) -> Result<i64, DurationError> {
    let wrong = || {
        DurationError::with_help(
            format!("`{text}` is not a time of the form hours:minutes:seconds"),
            "write `01:30:00`",
        )
    };
    let (is_negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |digits| (true, digits));
    let mut parts = digits.split(':');
    let (hours, minutes) = (parts.next().ok_or_else(wrong)?, parts.next().ok_or_else(wrong)?);
    let seconds = parts.next().unwrap_or("0");
    if parts.next().is_some()
        || [hours, minutes, seconds]
            .iter()
            .any(|part| part.starts_with(['-', '+']))
    {
        return Err(wrong());
    }
    let below_60 = |part: &str| {
        part.split('.')
            .next()
            .and_then(|whole| whole.parse::<u8>().ok())
            .is_some_and(|n| n < 60)
    };
    if !below_60(minutes) || minutes.contains('.') || hours.contains('.') || !below_60(seconds) {
        return Err(wrong());
    }
    let us = scaled(hours, 3_600_000_000)?
        .checked_add(scaled(minutes, 60_000_000)?)
        .and_then(|us| us.checked_add(scaled(seconds, 1_000_000).ok()?))
        .ok_or_else(wrong)?;
    Ok(if is_negative { -us } else { us })
}

/// The microseconds of `INTERVAL '10' SECOND`: a text with a unit behind it, or with units in it.
pub(crate) fn parse_interval(text: &str, unit: Option<&str>) -> Result<i64, DurationError> {
    let text = text.trim();
    match unit {
        Some(unit) => {
            let us = unit_us(unit)?;
            scaled(text, us).map_err(|error| match text.contains(char::is_alphabetic) {
                true => DurationError::with_help(
                    format!("`{text}` has units, and `{unit}` stands behind it as well"),
                    "write the unit once",
                ),
                false => error,
            })
        }
        None => parse_text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_units_are_exact() {
        let second = 1_000_000;
        for (text, us) in [
            ("10 seconds", 10 * second),
            ("10s", 10 * second),
            ("1 hour 30 minutes", 5_400 * second),
            ("1h30m", 5_400 * second),
            ("1 day 2 hours", 26 * 3_600 * second),
            ("1.5 s", 1_500_000),
            (".25 ms", 250),
            ("500 MILLISECONDS", 500_000),
            ("1 day 02:30", 95_400 * second),
            ("00:00:01.5", 1_500_000),
            ("-5 minutes", -300 * second),
            ("2 weeks", 14 * 86_400 * second),
        ] {
            assert_eq!(parse_text(text), Ok(us), "{text}");
        }
    }

    #[test]
    fn a_unit_behind_the_text_counts_for_it() {
        assert_eq!(parse_interval("10", Some("SECOND")), Ok(10_000_000));
        assert_eq!(parse_interval("0.5", Some("DAY")), Ok(43_200_000_000));
        assert_eq!(parse_interval("1 day 2 hours", None), Ok(93_600_000_000));
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        for text in [
            "",
            "10",
            "ten seconds",
            "1 month",
            "1 year",
            "1.0000001 s",
            "1 ns",
            "1 fortnight",
            "9999999999999 days",
            "10:99",
            "1:2:3:4",
            "1..2 s",
            "- s",
            "1 -",
            "9223372036854775807 us 1 us",
        ] {
            assert!(parse_text(text).is_err(), "{text}");
        }
        assert!(parse_interval("1 day", Some("SECOND")).is_err());
    }

    #[test]
    fn a_mistyped_unit_is_explained() {
        let error = parse_text("5 secnds").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean `seconds`?"));
    }
}
