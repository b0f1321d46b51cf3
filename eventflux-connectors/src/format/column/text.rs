//! Text into a column, by the column's type.

use super::{Column, Misfit, Values};
use crate::format::scalar::{
    ParsedFloat, Rounding, parse_base64, parse_date, parse_integer, parse_scaled, parse_time,
    parse_timestamp, scan_float,
};

impl Column {
    /// Appends the value that the text stands for: CSV fields, JSON strings, keys of maps. Blanks around anything but
    /// STRING do not count.
    ///
    /// **Errors** The text is no value of the type; lists, maps and structs have no text of their own.
    ///
    /// **Invariants** The text is UTF-8.
    pub fn push_text(&mut self, text: &[u8]) -> Result<(), Misfit> {
        match self.append_text(text) {
            Some(()) => {
                self.end_value();
                Ok(())
            }
            None => Err(self.misfit(text)),
        }
    }

    /// As [`Column::push_text`], but neither counts the value nor says what is wrong.
    pub fn append_text(&mut self, text: &[u8]) -> Option<()> {
        let number_unit = self.rules.timestamp_unit;
        let bare = text.trim_ascii();
        match &mut self.values {
            Values::String(values) => values.push(text)?,
            Values::Boolean(values) => values.push(parse_boolean(bare)?),
            Values::Int8(values) => values.push(parse_integer(bare)?),
            Values::Int16(values) => values.push(parse_integer(bare)?),
            Values::Int32(values) => values.push(parse_integer(bare)?),
            Values::Int64(values) => values.push(parse_integer(bare)?),
            Values::UInt8(values) => values.push(parse_integer(bare)?),
            Values::UInt16(values) => values.push(parse_integer(bare)?),
            Values::UInt32(values) => values.push(parse_integer(bare)?),
            Values::UInt64(values) => values.push(parse_integer(bare)?),
            Values::Float32(values) => values.push(f32::parse(bare)?),
            Values::Float64(values) => values.push(match scan_float(bare) {
                Some((value, length)) if length == bare.len() => value,
                _ => f64::parse(bare)?,
            }),
            Values::Decimal(values, precision, scale) => {
                values.push(parse_decimal(bare, *precision, *scale)?)
            }
            Values::Binary(values) => {
                parse_base64(bare, &mut values.data)?;
                values.end()?;
            }
            Values::Date(values) => values.push(parse_date(bare)?),
            Values::Time(values, unit) => values.push(parse_time(bare, *unit, number_unit)?),
            Values::Timestamp(values, unit) => values.push(parse_timestamp(bare, *unit, number_unit)?),
            Values::Json(_) | Values::List(..) | Values::Map(..) | Values::Struct(..) => return None,
        }
        Some(())
    }
}

/// Reads a decimal, rounded to its scale, that has no more digits than its type.
pub fn parse_decimal(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let value = parse_scaled(text, i32::from(scale), Rounding::HalfAway)?;
    let limit = 10u128.checked_pow(u32::from(precision))?;
    (value.unsigned_abs() < limit).then_some(value)
}

fn parse_boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"t") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") || text.eq_ignore_ascii_case(b"f") => Some(false),
        _ => None,
    }
}
