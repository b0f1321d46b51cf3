//! The types of option values: how their text is read, and how the reference page calls them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::option_reader::OptionReader;
use super::{OptionDoc, OptionError};

/// A type that one value's text can be read as.
pub trait OptionValue: Sized {
    /// What values look like, for the reference page: `string`, `integer`, `duration`, or the choices joined by `|`.
    const KIND: &'static str;

    /// Reads the text; the error says in one lower-case sentence what would have been right.
    fn parse(text: &str) -> Result<Self, String>;

    /// Stands for a value that is not known while a program is only checked. Never used in a run.
    fn unknown() -> Self;
}

/// A type that a field of an options struct may have.
pub trait OptionField: Sized {
    /// What values look like.
    const KIND: &'static str;
    /// Whether a value must be given if there is no default.
    const IS_NEEDED: bool;

    /// Finds the option's value among the given ones.
    fn read(doc: &'static OptionDoc, reader: &OptionReader<'_>) -> Result<Self, OptionError>;
}

impl<T: OptionValue> OptionField for T {
    const KIND: &'static str = T::KIND;
    const IS_NEEDED: bool = true;

    fn read(doc: &'static OptionDoc, reader: &OptionReader<'_>) -> Result<Self, OptionError> {
        match (reader.value(doc), doc.default) {
            (Some((key, value)), _) => parse(key, value),
            (None, Some(default)) => parse(doc.name, Some(default)),
            (None, None) => Err(OptionError::new(
                doc.name,
                format!("is required by `{}`", reader.owner()),
            )),
        }
    }
}

impl<T: OptionValue> OptionField for Option<T> {
    const KIND: &'static str = T::KIND;
    const IS_NEEDED: bool = false;

    fn read(doc: &'static OptionDoc, reader: &OptionReader<'_>) -> Result<Self, OptionError> {
        reader
            .value(doc)
            .map(|(key, value)| parse(key, value))
            .transpose()
    }
}

/// Values by what stands for the `*` of the option's name.
impl<T: OptionValue> OptionField for BTreeMap<String, T> {
    const KIND: &'static str = T::KIND;
    const IS_NEEDED: bool = false;

    fn read(doc: &'static OptionDoc, reader: &OptionReader<'_>) -> Result<Self, OptionError> {
        reader
            .parts(doc)
            .map(|(part, key, value)| Ok((part.to_owned(), parse(key, value)?)))
            .collect()
    }
}

fn parse<T: OptionValue>(key: &str, value: Option<&str>) -> Result<T, OptionError> {
    match value {
        None => Ok(T::unknown()),
        Some(text) => T::parse(text).map_err(|message| OptionError::new(key, message)),
    }
}

impl OptionValue for String {
    const KIND: &'static str = "string";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn unknown() -> Self {
        String::new()
    }
}

impl OptionValue for bool {
    const KIND: &'static str = "boolean";

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Ok(true),
            "false" | "off" | "no" | "0" => Ok(false),
            _ => Err(format!("`{text}` is neither true nor false")),
        }
    }

    fn unknown() -> Self {
        false
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl OptionValue for $type {
            const KIND: &'static str = "integer";

            fn parse(text: &str) -> Result<Self, String> {
                let digits = text.trim().replace('_', "");
                digits.parse().map_err(|_| {
                    format!("`{text}` is not an integer from {} to {}", <$type>::MIN, <$type>::MAX)
                })
            }

            fn unknown() -> Self {
                0
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i32, i64, usize);

impl OptionValue for f64 {
    const KIND: &'static str = "number";

    fn parse(text: &str) -> Result<Self, String> {
        let number = text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        number.ok_or_else(|| format!("`{text}` is not a number"))
    }

    fn unknown() -> Self {
        0.0
    }
}

/// One ASCII character, also as `\t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsciiChar(pub u8);

impl OptionValue for AsciiChar {
    const KIND: &'static str = "character";

    fn parse(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            [byte] if byte.is_ascii() => Ok(Self(*byte)),
            br"\t" => Ok(Self(b'\t')),
            _ => Err(format!("`{text}` is not one ASCII character")),
        }
    }

    fn unknown() -> Self {
        Self(0)
    }
}

/// Values between commas; spaces around them do not count.
impl OptionValue for Vec<String> {
    const KIND: &'static str = "list";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect())
    }

    fn unknown() -> Self {
        Vec::new()
    }
}

impl OptionValue for Duration {
    const KIND: &'static str = "duration";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a duration such as 10s, 500ms, 1 hour 30 minutes");
        let quantities = quantities(text)
            .filter(|found| !found.is_empty())
            .ok_or_else(wrong)?;
        quantities
            .into_iter()
            .try_fold(Duration::ZERO, |sum, (number, unit)| {
                let seconds = match unit.to_ascii_lowercase().as_str() {
                    "ns" | "nanosecond" | "nanoseconds" => 1e-9,
                    "us" | "µs" | "microsecond" | "microseconds" => 1e-6,
                    "ms" | "millisecond" | "milliseconds" => 1e-3,
                    "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
                    "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
                    "h" | "hour" | "hours" => 3_600.0,
                    "d" | "day" | "days" => 86_400.0,
                    "w" | "week" | "weeks" => 604_800.0,
                    "" => return Err(format!("`{text}` needs a unit, such as {}s", text.trim())),
                    _ => return Err(wrong()),
                };
                let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
                sum.checked_add(part).ok_or_else(wrong)
            })
    }

    fn unknown() -> Self {
        Duration::ZERO
    }
}

/// A number of bytes: `16MB`, `64 KiB`, `1048576`. Units are powers of 1024, with or without an `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl OptionValue for ByteSize {
    const KIND: &'static str = "size";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a size such as 64KB, 16MB, 1GB");
        let found = quantities(text).ok_or_else(wrong)?;
        let [(number, unit)] = found.as_slice() else {
            return Err(wrong());
        };
        let power = match unit.to_ascii_lowercase().as_str() {
            "" | "b" | "byte" | "bytes" => 0,
            "k" | "kb" | "kib" => 1,
            "m" | "mb" | "mib" => 2,
            "g" | "gb" | "gib" => 3,
            "t" | "tb" | "tib" => 4,
            _ => return Err(wrong()),
        };
        let bytes = number * 1024f64.powi(power);
        if bytes < (1u64 << 60) as f64 {
            Ok(Self(bytes as u64))
        } else {
            Err(wrong())
        }
    }

    fn unknown() -> Self {
        Self(0)
    }
}

/// Numbers with what follows each: `1 hour 30m` is 1, "hour" and 30, "m".
fn quantities(text: &str) -> Option<Vec<(f64, &str)>> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text.trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let digits = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        let number = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let unit = rest
            .find(|c: char| is_digit(c) || c.is_whitespace())
            .unwrap_or(rest.len());
        found.push((number, &rest[..unit]));
        rest = rest[unit..].trim_start();
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_in_words_and_letters() {
        let ms = |text: &str| Duration::parse(text).map(|duration| duration.as_millis());
        assert_eq!(ms("10s"), Ok(10_000));
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("1 hour"), Ok(3_600_000));
        assert_eq!(ms(" 1 hour 30 minutes "), Ok(5_400_000));
        assert_eq!(ms("1h30m"), Ok(5_400_000));
        assert_eq!(ms("0.5 s"), Ok(500));
        assert_eq!(ms("10"), Err("`10` needs a unit, such as 10s".into()));
        for wrong in ["", "s", "10 parsecs", "-1s", "1..2s", "99999999999999999999w"] {
            assert!(ms(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(ByteSize::parse("16MB"), Ok(ByteSize(16 << 20)));
        assert_eq!(ByteSize::parse("64 KiB"), Ok(ByteSize(64 << 10)));
        assert_eq!(ByteSize::parse("17"), Ok(ByteSize(17)));
        for wrong in ["", "MB", "1MB 2KB", "-1", "1 mile", "99999999 TB"] {
            assert!(ByteSize::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn integers_out_of_range_say_the_range() {
        assert_eq!(
            u8::parse("256"),
            Err("`256` is not an integer from 0 to 255".into())
        );
        assert_eq!(u32::parse("1_000"), Ok(1000));
    }
}
