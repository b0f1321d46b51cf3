//! Values as text.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, DurationMicrosecondType, Field, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion_common::{Result, exec_err};
use eventflux_core::batch::json::Cell;
use eventflux_core::time::iso;

/// Timestamps as `2024-01-02 03:04:05.12` (`+00` behind a TIMESTAMPTZ), times as `03:04:05.12`, intervals as
/// `1 year 2 mons 3 days 04:05:06`; everything else as formats write a cell of it.
pub(super) fn cast_text(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Timestamp(unit, zone) => {
            let suffix: &[u8] = if zone.is_some() { b"+00" } else { b"" };
            let counts = cast(values, &DataType::Int64)?;
            let counts = counts.as_primitive::<Int64Type>();
            text_of(values, |row, out| {
                let start = out.len();
                iso::write_timestamp(counts.value(row), *unit, out);
                // The `Z` of the outside world goes, its `T` becomes a space.
                out.pop();
                if let Some(separator) = out[start..].iter().position(|byte| *byte == b'T') {
                    out[start + separator] = b' ';
                }
                trim_fraction(out, *unit);
                out.extend_from_slice(suffix);
            })
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let counts = cast(
                &cast(values, &DataType::Time64(TimeUnit::Nanosecond))?,
                &DataType::Int64,
            )?;
            let counts = counts.as_primitive::<Int64Type>();
            text_of(values, |row, out| {
                iso::write_time(counts.value(row), TimeUnit::Nanosecond, out);
                trim_fraction(out, TimeUnit::Nanosecond);
            })
        }
        DataType::Interval(_) => {
            let intervals = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>();
            text_of(values, |row, out| {
                let interval = intervals.value(row);
                write_interval(
                    interval.months,
                    i64::from(interval.days),
                    interval.nanoseconds,
                    out,
                );
            })
        }
        DataType::Duration(_) => {
            let durations = cast(values, &DataType::Duration(TimeUnit::Microsecond))?;
            let durations = durations.as_primitive::<DurationMicrosecondType>();
            text_of(values, |row, out| {
                let us = durations.value(row);
                write_interval(0, us / DAY_US, us % DAY_US * 1_000, out);
            })
        }
        data_type => {
            let field = Field::new("", data_type.clone(), true);
            match Cell::new(values.as_ref(), &field) {
                Ok(cell) => text_of(values, |row, out| cell.write_text(row, out)),
                Err(error) => exec_err!("{error}"),
            }
        }
    }
}

const DAY_US: i64 = 86_400_000_000;

fn text_of(values: &ArrayRef, write: impl Fn(usize, &mut Vec<u8>)) -> Result<ArrayRef> {
    let mut texts = StringBuilder::with_capacity(values.len(), values.len() * 20);
    let mut text = Vec::new();
    for row in 0..values.len() {
        if values.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        write(row, &mut text);
        match std::str::from_utf8(&text) {
            Ok(text) => texts.append_value(text),
            Err(error) => return exec_err!("{error}"),
        }
    }
    Ok(std::sync::Arc::new(texts.finish()))
}

/// Zeros at the end of a fraction say nothing.
fn trim_fraction(out: &mut Vec<u8>, unit: TimeUnit) {
    if unit == TimeUnit::Second {
        return;
    }
    while out.last() == Some(&b'0') {
        out.pop();
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

/// As PostgreSQL writes intervals: every part with its sign, a plus only behind a minus.
fn write_interval(months: i32, days: i64, nanos: i64, out: &mut Vec<u8>) {
    let mut is_behind_minus = false;
    let start = out.len();
    for (count, one, many) in [
        (i64::from(months / 12), "year", "years"),
        (i64::from(months % 12), "mon", "mons"),
        (days, "day", "days"),
    ] {
        if count == 0 {
            continue;
        }
        let gap = if out.len() == start { "" } else { " " };
        let plus = if is_behind_minus && count > 0 { "+" } else { "" };
        // Writing to a vector cannot fail.
        let _ = write!(out, "{gap}{plus}{count} {}", if count == 1 { one } else { many });
        is_behind_minus = count < 0;
    }
    if nanos == 0 && out.len() > start {
        return;
    }
    if out.len() > start {
        out.push(b' ');
    }
    if nanos < 0 {
        out.push(b'-');
    } else if is_behind_minus {
        out.push(b'+');
    }
    let nanos = nanos.unsigned_abs();
    let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}.{fraction:09}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    trim_fraction(out, TimeUnit::Nanosecond);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_in_postgresql() {
        let check = |months, days, nanos, expected: &str| {
            let mut out = Vec::new();
            write_interval(months, days, nanos, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(0, 0, 0, "00:00:00");
        check(14, 3, 14_706_500_000_000, "1 year 2 mons 3 days 04:05:06.5");
        check(-1, 1, 0, "-1 mons +1 day");
        check(0, -1, 3_600_000_000_000, "-1 days +01:00:00");
        check(0, 0, -1_000_000_000, "-00:00:01");
    }
}
