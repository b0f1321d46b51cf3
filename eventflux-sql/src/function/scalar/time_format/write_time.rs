//! Times as text.

use std::fmt::Write;

use super::moment::Moment;
use super::roman::{ordinal_ending, roman};
use super::time_pattern::{Case, Field, Piece};
use super::{DAYS, MONTHS};

/// Appends a time as the pattern says.
pub(super) fn write_time(pattern: &[Piece], moment: Moment, out: &mut String) {
    for piece in pattern {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Field {
                field,
                is_filled,
                ordinal,
            } => {
                let start = out.len();
                write_field(*field, *is_filled, moment, out);
                if let (Some(case), Ok(number)) =
                    (ordinal, out[start..].replace(',', "").trim().parse::<i64>())
                {
                    out.push_str(&case.apply(ordinal_ending(number)));
                }
            }
        }
    }
}

fn write_field(field: Field, is_filled: bool, moment: Moment, out: &mut String) {
    let mut digits = |number: i64, width: usize| {
        let width = if is_filled { width } else { 0 };
        // Writing to a string cannot fail.
        let _ = write!(out, "{number:0width$}");
    };
    // There is no year 0: before the year 1 comes the year 1 before Christ.
    let year = if moment.year > 0 {
        moment.year
    } else {
        1 - moment.year
    };
    let last_digits = |year: i64, count: u8| {
        if count == 4 {
            year
        } else {
            year % 10i64.pow(u32::from(count))
        }
    };
    match field {
        Field::Hour12 => digits((moment.hour() + 11) % 12 + 1, 2),
        Field::Hour24 => digits(moment.hour(), 2),
        Field::Minute => digits(moment.minute(), 2),
        Field::Second => digits(moment.second(), 2),
        Field::Millisecond => digits(moment.us_of_second() / 1_000, 3),
        Field::Microsecond => digits(moment.us_of_second(), 6),
        Field::Fraction(count) => {
            let fraction = moment.us_of_second() / 10i64.pow(6 - u32::from(count));
            let _ = write!(out, "{fraction:0width$}", width = usize::from(count));
        }
        Field::SecondOfDay => digits(moment.us_of_day / 1_000_000, 0),
        Field::Year(count) => digits(last_digits(year, count), usize::from(count)),
        Field::IsoYear(count) => digits(last_digits(moment.iso_year(), count), usize::from(count)),
        Field::Month => digits(i64::from(moment.month), 2),
        Field::DayOfYear => digits(moment.day_of_year(), 3),
        Field::IsoDayOfYear => digits(moment.iso_day_of_year(), 3),
        Field::DayOfMonth => digits(i64::from(moment.day), 2),
        Field::DayOfWeek => digits(moment.iso_day_of_week() % 7 + 1, 0),
        Field::IsoDayOfWeek => digits(moment.iso_day_of_week(), 0),
        Field::WeekOfMonth => digits((i64::from(moment.day) - 1) / 7 + 1, 0),
        Field::WeekOfYear => digits((moment.day_of_year() - 1) / 7 + 1, 2),
        Field::IsoWeek => digits(moment.iso_week(), 2),
        Field::Century => digits((year - 1) / 100 + 1, 2),
        Field::JulianDay => digits(moment.days + 2_440_588, 0),
        Field::Quarter => digits((i64::from(moment.month) - 1) / 3 + 1, 0),
        Field::ZoneMinute => out.push_str(if moment.has_zone { "00" } else { "" }),
        Field::ZoneHour | Field::Offset => out.push_str(if moment.has_zone { "+00" } else { "" }),
        Field::ZoneName(case) => out.push_str(&case.apply(if moment.has_zone { "UTC" } else { "" })),
        Field::YearWithComma => {
            let _ = write!(out, "{},{:03}", year / 1000, year % 1000);
        }
        Field::Meridiem { case, has_points } => {
            let name = if moment.hour() < 12 {
                ["AM", "A.M."]
            } else {
                ["PM", "P.M."]
            };
            out.push_str(&case.apply(name[usize::from(has_points)]));
        }
        Field::Era { case, has_points } => {
            let name = if moment.year > 0 {
                ["AD", "A.D."]
            } else {
                ["BC", "B.C."]
            };
            out.push_str(&case.apply(name[usize::from(has_points)]));
        }
        Field::MonthName(case) => write_name(MONTHS[moment.month as usize - 1], case, is_filled, out),
        Field::DayName(case) => {
            write_name(DAYS[moment.iso_day_of_week() as usize - 1], case, is_filled, out);
        }
        Field::MonthShort(case) => out.push_str(&case.apply(&MONTHS[moment.month as usize - 1][..3])),
        Field::DayShort(case) => out.push_str(&case.apply(&DAYS[moment.iso_day_of_week() as usize - 1][..3])),
        Field::RomanMonth(case) => {
            let numeral = case.apply(&roman(i64::from(moment.month)).unwrap_or_default());
            let width = if is_filled { 4 } else { 0 };
            let _ = write!(out, "{numeral:width$}");
        }
    }
}

/// A name, filled up to the longest of its kind.
fn write_name(name: &str, case: Case, is_filled: bool, out: &mut String) {
    let width = if is_filled { 9 } else { 0 };
    let _ = write!(out, "{:width$}", case.apply(name));
}
