//! Text as times.

use datafusion_common::{Result, exec_err};
use eventflux_core::time::calendar::{days_from_civil, days_in_month};

use super::time_pattern::{Field, Piece};
use super::{DAYS, MONTHS};

const DAY_US: i64 = 86_400_000_000;

/// What has been read so far.
#[derive(Debug, Default)]
struct Parts {
    year: Option<i64>,
    century: Option<i64>,
    is_before_christ: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    julian_day: Option<i64>,
    hour: i64,
    is_hour_of_twelve: bool,
    is_afternoon: Option<bool>,
    minute: i64,
    second: i64,
    us: i64,
    second_of_day: Option<i64>,
    zone_minutes: i64,
}

/// Microseconds since the epoch, of text as the pattern says. What the pattern leaves out is that of 0001-01-01 00:00:00.
///
/// **Errors** The text does not fit the pattern, or a field is out of its range.
pub(super) fn read_time(pattern: &[Piece], text: &str) -> Result<i64> {
    let mut parts = Parts::default();
    let mut rest = text;
    for (index, piece) in pattern.iter().enumerate() {
        match piece {
            Piece::Text(expected) => rest = take_text(expected, rest),
            Piece::Field {
                field,
                is_filled,
                ordinal,
            } => {
                rest = rest.trim_start();
                // Digits go on until something else comes, unless the next field begins right behind.
                let is_fixed = *is_filled && matches!(pattern.get(index + 1), Some(Piece::Field { .. }));
                rest = take_field(*field, is_fixed, rest, &mut parts, text)?;
                if ordinal.is_some() {
                    rest = rest.get(2..).unwrap_or_default();
                }
            }
        }
    }
    if !rest.trim().is_empty() {
        return exec_err!("`{text}` goes on with `{rest}` where the pattern ends");
    }
    parts.microseconds(text)
}

/// Passes over what stands for text of the pattern: a separator for any separator, another character for any character.
fn take_text<'a>(expected: &str, rest: &'a str) -> &'a str {
    let is_separator = |c: char| !c.is_alphanumeric();
    let mut rest = rest;
    for c in expected.chars() {
        if c.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        match rest.chars().next() {
            Some(found) if is_separator(c) && !is_separator(found) => {}
            // A sign in front of digits may belong to them.
            Some(found) => rest = &rest[found.len_utf8()..],
            None => {}
        }
    }
    rest
}

fn take_field<'a>(
    field: Field,
    is_fixed: bool,
    rest: &'a str,
    parts: &mut Parts,
    text: &str,
) -> Result<&'a str> {
    let number = |width: usize| take_number(rest, width, is_fixed, field, text);
    let after = match field {
        Field::Hour24 | Field::Hour12 => {
            let (hour, after) = number(2)?;
            parts.hour = hour;
            parts.is_hour_of_twelve = field == Field::Hour12;
            after
        }
        Field::Minute => store(number(2)?, &mut parts.minute),
        Field::Second => store(number(2)?, &mut parts.second),
        Field::Millisecond => take_fraction(rest, 3, text, parts)?,
        Field::Microsecond => take_fraction(rest, 6, text, parts)?,
        Field::Fraction(count) => take_fraction(rest, usize::from(count), text, parts)?,
        Field::SecondOfDay => store_some(
            take_number(rest, 5, is_fixed, field, text)?,
            &mut parts.second_of_day,
        ),
        Field::Year(4) => store_some(number(4)?, &mut parts.year),
        Field::Year(count) => {
            let (year, after) = number(usize::from(count))?;
            // The year nearest to 2020.
            parts.year = Some(match year {
                0..70 => year + 2000,
                70..100 => year + 1900,
                100..520 => year + 2000,
                520..1000 => year + 1000,
                year => year,
            });
            after
        }
        Field::YearWithComma => {
            let (thousands, after) = take_number(rest, 4, false, field, text)?;
            let Some(after) = after.strip_prefix(',') else {
                return exec_err!("`{text}` has no comma in its year");
            };
            let (year, after) = take_number(after, 3, true, field, text)?;
            parts.year = Some(thousands * 1000 + year);
            after
        }
        Field::Century => store_some(number(2)?, &mut parts.century),
        Field::Month => store_some(number(2)?, &mut parts.month),
        Field::DayOfMonth => store_some(number(2)?, &mut parts.day),
        Field::DayOfYear => store_some(number(3)?, &mut parts.day_of_year),
        Field::JulianDay => store_some(take_number(rest, 9, false, field, text)?, &mut parts.julian_day),
        Field::MonthName(_) => {
            let (index, after) = take_name(rest, &MONTHS, usize::MAX, text)?;
            parts.month = Some(index as i64 + 1);
            after
        }
        Field::MonthShort(_) => {
            let (index, after) = take_name(rest, &MONTHS, 3, text)?;
            parts.month = Some(index as i64 + 1);
            after
        }
        // The names of days are read and say nothing.
        Field::DayName(_) => take_name(rest, &DAYS, usize::MAX, text)?.1,
        Field::DayShort(_) => take_name(rest, &DAYS, 3, text)?.1,
        Field::Meridiem { has_points, .. } => {
            let names = if has_points {
                ["A.M.", "P.M."]
            } else {
                ["AM", "PM"]
            };
            let (index, after) = take_name(rest, &names, usize::MAX, text)?;
            parts.is_afternoon = Some(index == 1);
            after
        }
        Field::Era { has_points, .. } => {
            let names = if has_points {
                ["A.D.", "B.C."]
            } else {
                ["AD", "BC"]
            };
            let (index, after) = take_name(rest, &names, usize::MAX, text)?;
            parts.is_before_christ = index == 1;
            after
        }
        Field::ZoneHour | Field::Offset => take_zone(rest, parts, text)?,
        Field::ZoneMinute => {
            let (minutes, after) = number(2)?;
            parts.zone_minutes += if parts.zone_minutes < 0 { -minutes } else { minutes };
            after
        }
        Field::ZoneName(_) => match ["UTC", "GMT", "Z"].iter().find(|name| starts_with(rest, name)) {
            Some(name) => &rest[name.len()..],
            None => return exec_err!("`{text}` has a time zone that is not UTC"),
        },
        Field::Quarter
        | Field::DayOfWeek
        | Field::IsoDayOfWeek
        | Field::WeekOfMonth
        | Field::WeekOfYear
        | Field::IsoWeek
        | Field::IsoYear(_)
        | Field::IsoDayOfYear
        | Field::RomanMonth(_) => {
            return exec_err!("the pattern has a field that can be written but not read");
        }
    };
    Ok(after)
}

fn store<'a>((number, after): (i64, &'a str), part: &mut i64) -> &'a str {
    *part = number;
    after
}

fn store_some<'a>((number, after): (i64, &'a str), part: &mut Option<i64>) -> &'a str {
    *part = Some(number);
    after
}

fn starts_with(text: &str, name: &str) -> bool {
    text.get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn take_number<'a>(
    rest: &'a str,
    width: usize,
    is_fixed: bool,
    field: Field,
    text: &str,
) -> Result<(i64, &'a str)> {
    // A year may have more digits than four.
    let width_max = if is_fixed || !matches!(field, Field::Year(4)) {
        width
    } else {
        9
    };
    let length = rest
        .bytes()
        .take(width_max)
        .take_while(u8::is_ascii_digit)
        .count();
    match rest[..length].parse() {
        Ok(number) => Ok((number, &rest[length..])),
        Err(_) => exec_err!("`{text}` has no digits where the pattern has a number"),
    }
}

fn take_fraction<'a>(rest: &'a str, width: usize, text: &str, parts: &mut Parts) -> Result<&'a str> {
    let length = rest.bytes().take(width).take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return exec_err!("`{text}` has no digits where the pattern has a fraction of a second");
    }
    let digits: i64 = rest[..length].parse().unwrap_or(0);
    parts.us = digits * 10i64.pow(6 - length as u32);
    Ok(&rest[length..])
}

fn take_name<'a>(rest: &'a str, names: &[&str], length: usize, text: &str) -> Result<(usize, &'a str)> {
    let shortened = |name: &str| name.len().min(length);
    let found = names
        .iter()
        .position(|name| starts_with(rest, &name[..shortened(name)]));
    match found {
        Some(index) => Ok((index, &rest[shortened(names[index])..])),
        None => exec_err!("`{text}` has no name where the pattern has one"),
    }
}

fn take_zone<'a>(rest: &'a str, parts: &mut Parts, text: &str) -> Result<&'a str> {
    let (sign, digits) = match rest.as_bytes().first() {
        Some(b'+') => (1, &rest[1..]),
        Some(b'-') => (-1, &rest[1..]),
        _ => (1, rest),
    };
    let length = digits.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let Ok(hours) = digits[..length].parse::<i64>() else {
        return exec_err!("`{text}` has no offset where the pattern has one");
    };
    parts.zone_minutes = sign * hours * 60;
    Ok(&digits[length..])
}

impl Parts {
    fn microseconds(self, text: &str) -> Result<i64> {
        let days = self.days(text)?;
        let hour = match (
            self.is_hour_of_twelve || self.is_afternoon.is_some(),
            self.is_afternoon,
        ) {
            (true, _)
                if !((1..=12).contains(&self.hour) || (self.hour == 0 && self.is_afternoon.is_none())) =>
            {
                return exec_err!("`{text}` has the hour {} of a clock of twelve", self.hour);
            }
            (true, Some(is_afternoon)) => self.hour % 12 + if is_afternoon { 12 } else { 0 },
            (true, None) => self.hour % 12,
            (false, _) => self.hour,
        };
        if hour > 23 || self.minute > 59 || self.second > 59 {
            return exec_err!("`{text}` has a time of day that does not exist");
        }
        let seconds = self
            .second_of_day
            .unwrap_or(hour * 3600 + self.minute * 60 + self.second);
        let us = days
            .checked_mul(DAY_US)
            .and_then(|us| us.checked_add(seconds * 1_000_000 + self.us));
        match us.and_then(|us| us.checked_sub(self.zone_minutes * 60_000_000)) {
            Some(us) => Ok(us),
            None => exec_err!("`{text}` is out of range"),
        }
    }

    fn days(&self, text: &str) -> Result<i64> {
        if let Some(julian_day) = self.julian_day {
            return Ok(julian_day - 2_440_588);
        }
        let year = match (self.year, self.century) {
            (Some(year), _) => year,
            (None, Some(century)) => (century - 1) * 100 + 1,
            (None, None) => 1,
        };
        let year = if self.is_before_christ { 1 - year } else { year };
        if let (Some(day_of_year), None) = (self.day_of_year, self.month) {
            let start = days_from_civil(year, 1, 1);
            let length = days_from_civil(year + 1, 1, 1) - start;
            return match day_of_year {
                day if (1..=length).contains(&day) => Ok(start + day - 1),
                day => exec_err!("`{text}`: the year {year} has no day {day}"),
            };
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let month = match u32::try_from(month) {
            Ok(month) if (1..=12).contains(&month) => month,
            _ => return exec_err!("`{text}` has the month {month}"),
        };
        match u32::try_from(day) {
            Ok(day) if day >= 1 && day <= days_in_month(year, month) => Ok(days_from_civil(year, month, day)),
            _ => exec_err!("`{text}` has the day {day}, which the month has not"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::moment::Moment;
    use super::super::time_pattern::parse;
    use super::super::write_time::write_time;
    use super::*;

    fn check(text: &str, pattern: &str, expected: &str) {
        let outcome = match read_time(&parse(pattern).unwrap(), text) {
            Ok(us) => {
                let mut out = String::new();
                write_time(
                    &parse("YYYY-MM-DD HH24:MI:SS.US").unwrap(),
                    Moment::at(us, false),
                    &mut out,
                );
                out
            }
            Err(error) => eventflux_core::expr::error_message(&error),
        };
        assert_eq!(outcome, expected, "{text} by {pattern}");
    }

    #[test]
    fn text_is_read_as_the_pattern_says() {
        check("05 Dec 2000", "DD Mon YYYY", "2000-12-05 00:00:00.000000");
        check("2000/JUN", "YYYY/MON", "2000-06-01 00:00:00.000000");
        check(
            "20240305T060708",
            "YYYYMMDD\"T\"HH24MISS",
            "2024-03-05 06:07:08.000000",
        );
        check(
            "3/5/24 6:07 pm",
            "MM/DD/YY HH12:MI am",
            "2024-03-05 18:07:00.000000",
        );
        check("12:30 AM", "HH12:MI AM", "0001-01-01 00:30:00.000000");
        check("2024-060", "YYYY-DDD", "2024-02-29 00:00:00.000000");
        check("06:07:08.25", "HH24:MI:SS.MS", "0001-01-01 06:07:08.250000");
        check(
            "2024-03-05 06:00 +02",
            "YYYY-MM-DD HH24:MI TZH",
            "2024-03-05 04:00:00.000000",
        );
        check(
            "Tuesday, 5 March 2024",
            "Day, DD Month YYYY",
            "2024-03-05 00:00:00.000000",
        );
        check(
            "5th March 2024",
            "FMDDth Month YYYY",
            "2024-03-05 00:00:00.000000",
        );
    }

    #[test]
    fn text_that_does_not_fit_is_refused() {
        check("2024-13-01", "YYYY-MM-DD", "`2024-13-01` has the month 13");
        check(
            "2023-02-29",
            "YYYY-MM-DD",
            "`2023-02-29` has the day 29, which the month has not",
        );
        check(
            "2024-xx-01",
            "YYYY-MM-DD",
            "`2024-xx-01` has no digits where the pattern has a number",
        );
        check(
            "2024-01-01 x",
            "YYYY-MM-DD",
            "`2024-01-01 x` goes on with ` x` where the pattern ends",
        );
        check(
            "25:00",
            "HH24:MI",
            "`25:00` has a time of day that does not exist",
        );
        check(
            "13:00 PM",
            "HH12:MI AM",
            "`13:00 PM` has the hour 13 of a clock of twelve",
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(us in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            for pattern in [
                "YYYY-MM-DD HH24:MI:SS.US",
                "FMDay, FMDDth FMMonth YYYY HH12:MI:SS.US P.M.",
                "YYYYDDD SSSSS.US",
                "J HH24MISSUS",
            ] {
                let pattern = parse(pattern).unwrap();
                let mut text = String::new();
                write_time(&pattern, Moment::at(us, false), &mut text);
                let read = read_time(&pattern, &text);
                prop_assert_eq!(read.map_err(|error| format!("{text}: {error}")), Ok(us));
            }
        }
    }
}
