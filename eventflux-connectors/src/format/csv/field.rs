//! One field into its column.

use super::dialect::{Dialect, FieldEnd, QuoteFault};
use crate::format::column::{Column, Misfit, Values};
use crate::format::json::{ValueReader, read_text};
use crate::format::scalar::{scan_float, scan_integer};

/// A column and how its fields are read.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The column.
    pub column: Column,
    /// How lists, maps, structs and JSON are read.
    pub reader: ValueReader,
}

/// What went wrong with a field.
pub enum FieldFault {
    /// Its quotes.
    Quotes(QuoteFault),
    /// Its value; reading goes on behind it.
    Value(Misfit, FieldEnd),
}

impl From<QuoteFault> for FieldFault {
    fn from(fault: QuoteFault) -> Self {
        FieldFault::Quotes(fault)
    }
}

impl Slot {
    /// Reads the field that begins here; returns what ends it. `null` is the text of NULL.
    #[inline]
    pub fn read(
        &mut self,
        dialect: Dialect,
        null: &[u8],
        bytes: &[u8],
        start: usize,
    ) -> Result<FieldEnd, FieldFault> {
        // Another text of NULL may be a number: then no number is read before it is compared.
        if null.is_empty()
            && let Some(end) = self.read_number(dialect, bytes, start)
        {
            return Ok(end);
        }
        if bytes.get(start) == Some(&dialect.quote) {
            let (text, end) = dialect.quoted_field(bytes, start)?;
            return self
                .push(&text)
                .map(|()| end)
                .map_err(|misfit| self.misfit(misfit, end));
        }
        let (text, end) = dialect.bare_field(bytes, start);
        if let Values::String(values) = &mut self.column.values
            && text != null
            && values.push(text).is_some()
        {
            self.column.end_value();
            return Ok(end);
        }
        let pushed = if text == null {
            self.column.push_null()
        } else {
            self.push(text)
        };
        pushed.map(|()| end).map_err(|misfit| self.misfit(misfit, end))
    }

    /// Reads a number without looking for the field's end first.
    #[inline]
    fn read_number(&mut self, dialect: Dialect, bytes: &[u8], start: usize) -> Option<FieldEnd> {
        let rest = &bytes[start..];
        let end = match &mut self.column.values {
            Values::Int64(values) => {
                let (value, length) = scan_integer(rest)?;
                let end = dialect.field_end(bytes, start + length)?;
                values.push(value);
                end
            }
            Values::Int32(values) => {
                let (value, length) = scan_integer(rest)?;
                let end = dialect.field_end(bytes, start + length)?;
                values.push(i32::try_from(value).ok()?);
                end
            }
            Values::Timestamp(values, _) => {
                let (value, length) = scan_integer(rest)?;
                let end = dialect.field_end(bytes, start + length)?;
                values.push(self.column.number_factor.convert(value)?);
                end
            }
            Values::Float64(values) => {
                let (value, length) = scan_float(rest)?;
                let end = dialect.field_end(bytes, start + length)?;
                values.push(value);
                end
            }
            _ => return None,
        };
        self.column.end_value();
        Some(end)
    }

    fn push(&mut self, text: &[u8]) -> Result<(), Misfit> {
        match &self.column.values {
            Values::Json(_) | Values::List(..) | Values::Map(..) | Values::Struct(..) => {
                read_text(text, &mut self.reader, &mut self.column)
            }
            _ => self.column.push_text(text),
        }
    }

    #[cold]
    fn misfit(&self, misfit: Misfit, end: FieldEnd) -> FieldFault {
        FieldFault::Value(misfit.of_column(self.column.field.name()), end)
    }
}
