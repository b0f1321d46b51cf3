//! JSON values into columns.

use std::borrow::Cow;

use arrow::datatypes::DataType;

use super::cursor::{Cursor, StringToken};
use super::fault::Parsed;
use super::fields::{Fields, Step, Use};
use super::string::unescape;
use crate::format::column::{Column, Misfit, Values};
use crate::format::scalar::{scan_float, scan_integer};

/// How the values of a column are read: follows the column's type.
#[derive(Debug, Clone)]
pub enum ValueReader {
    /// Anything that is not nested.
    Scalar,
    /// ARRAY, by how items are read.
    List(Box<ValueReader>),
    /// MAP, by how values are read.
    Map(Box<ValueReader>),
    /// STRUCT, by its fields.
    Struct(StructReader),
}

/// How the fields of a struct are read.
#[derive(Debug, Clone)]
pub struct StructReader {
    fields: Fields,
    readers: Vec<ValueReader>,
}

impl ValueReader {
    /// How values of this type are read.
    pub fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::List(item) => Self::List(Box::new(Self::new(item.data_type()))),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Self::Map(Box::new(Self::new(fields[1].data_type())))
                }
                _ => Self::Scalar,
            },
            DataType::Struct(fields) => Self::Struct(StructReader {
                fields: Fields::new(fields.iter().map(|field| field.name().as_str()), false),
                readers: fields.iter().map(|field| Self::new(field.data_type())).collect(),
            }),
            _ => Self::Scalar,
        }
    }

    /// Reads one value into the column.
    ///
    /// **Errors** Not JSON, or no value of the column's type. Something may have been appended then: the caller takes it
    /// off.
    #[inline]
    pub fn read(&mut self, cursor: &mut Cursor<'_>, column: &mut Column, depth: usize) -> Parsed<()> {
        let start = cursor.position();
        if cursor.peek() == b'n' {
            cursor.word("null")?;
            return Ok(column.push_null()?);
        }
        let is_appended = match self {
            Self::Scalar => append_scalar(cursor, column, depth)?,
            Self::List(reader) if cursor.peek() == b'[' => append_list(cursor, reader, column, depth)?,
            Self::Map(reader) if cursor.peek() == b'{' => append_map(cursor, reader, column, depth)?,
            Self::Struct(reader) if cursor.peek() == b'{' => reader.append(cursor, column, depth)?,
            _ => None,
        };
        if is_appended.is_none() {
            cursor.set_position(start);
            let text = cursor.skip_value(depth)?;
            return Err(column.misfit(text).into());
        }
        column.end_value();
        Ok(())
    }
}

/// Appends a value that is not nested. `None`: it is none of the column's type; the cursor may be anywhere in it.
#[inline]
fn append_scalar(cursor: &mut Cursor<'_>, column: &mut Column, depth: usize) -> Parsed<Option<()>> {
    let number_factor = column.number_factor;
    let start = cursor.position();
    match &mut column.values {
        Values::String(text) => {
            if cursor.peek() != b'"' {
                return Ok(text.push(cursor.skip_value(depth)?));
            }
            let token = cursor.string()?;
            if !token.has_escapes {
                return Ok(text.push(token.raw));
            }
            unescape(token.raw, &mut text.data).map_err(|reason| cursor.fault(reason))?;
            return Ok(text.end());
        }
        Values::Json(text) => return Ok(text.push(cursor.skip_value(depth)?)),
        Values::Int64(values) => {
            if let Some(value) = integer(cursor) {
                values.push(value);
                return Ok(Some(()));
            }
        }
        Values::Int32(values) => {
            if let Some(value) = integer(cursor).and_then(|value| i32::try_from(value).ok()) {
                values.push(value);
                return Ok(Some(()));
            }
        }
        Values::Timestamp(values, _) => {
            if let Some(value) = integer(cursor).and_then(|value| number_factor.convert(value)) {
                values.push(value);
                return Ok(Some(()));
            }
        }
        Values::Float64(values) => {
            if let Some((value, length)) = scan_float(cursor.rest()) {
                cursor.advance(length);
                if cursor.ends_value() {
                    values.push(value);
                    return Ok(Some(()));
                }
            }
        }
        Values::Boolean(values) if matches!(cursor.peek(), b't' | b'f') => {
            let is_true = cursor.peek() == b't';
            cursor.word(if is_true { "true" } else { "false" })?;
            values.push(is_true);
            return Ok(Some(()));
        }
        _ => {}
    }
    cursor.set_position(start);
    append_slowly(cursor, column)
}

/// Appends a number or string that no faster way takes, by its text.
fn append_slowly(cursor: &mut Cursor<'_>, column: &mut Column) -> Parsed<Option<()>> {
    let appended = match cursor.peek() {
        b'"' => {
            let token = cursor.string()?;
            column.append_text(&text_of(cursor, token)?)
        }
        b'-' | b'0'..=b'9' if !matches!(column.values, Values::Binary(_)) => {
            column.append_text(cursor.number()?)
        }
        _ => None,
    };
    Ok(appended)
}

/// The string that a token stands for.
fn text_of<'a>(cursor: &Cursor<'a>, token: StringToken<'a>) -> Parsed<Cow<'a, [u8]>> {
    if !token.has_escapes {
        return Ok(Cow::Borrowed(token.raw));
    }
    let mut text = Vec::with_capacity(token.raw.len());
    unescape(token.raw, &mut text).map_err(|reason| cursor.fault(reason))?;
    Ok(Cow::Owned(text))
}

/// Moves over a whole number of up to eighteen digits.
#[inline]
fn integer(cursor: &mut Cursor<'_>) -> Option<i64> {
    let (value, length) = scan_integer(cursor.rest())?;
    cursor.advance(length);
    cursor.ends_value().then_some(value)
}

fn append_list(
    cursor: &mut Cursor<'_>,
    reader: &mut ValueReader,
    column: &mut Column,
    depth: usize,
) -> Parsed<Option<()>> {
    let Values::List(ends, items) = &mut column.values else {
        return Ok(None);
    };
    cursor.open(b'[', depth)?;
    if cursor.skip_blanks() == b']' {
        cursor.advance(1);
    } else {
        loop {
            reader.read(cursor, items, depth + 1)?;
            if cursor.has_closed(b']')? {
                break;
            }
        }
    }
    Ok(push_end(ends, items))
}

fn append_map(
    cursor: &mut Cursor<'_>,
    reader: &mut ValueReader,
    column: &mut Column,
    depth: usize,
) -> Parsed<Option<()>> {
    let Values::Map(ends, keys, values) = &mut column.values else {
        return Ok(None);
    };
    let entries = map_entries(cursor, depth)?;
    let end = cursor.position();
    for (key, value_at) in entries {
        keys.push_text(&key).map_err(|misfit| misfit.of_column("key"))?;
        cursor.set_position(value_at);
        reader
            .read(cursor, values, depth + 1)
            .map_err(|fault| fault.of_column(&String::from_utf8_lossy(&key)))?;
    }
    cursor.set_position(end);
    Ok(push_end(ends, keys))
}

/// Moves over an object and returns its keys and where their values begin; of equal keys the last.
fn map_entries<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Parsed<Vec<(Cow<'a, [u8]>, usize)>> {
    let mut entries = Vec::new();
    cursor.open(b'{', depth)?;
    if cursor.skip_blanks() == b'}' {
        cursor.advance(1);
        return Ok(entries);
    }
    loop {
        let token = cursor.string()?;
        let key = text_of(cursor, token)?;
        cursor.skip_blanks();
        cursor.expect(b':')?;
        cursor.skip_blanks();
        entries.push((key, cursor.position()));
        cursor.skip_value(depth + 1)?;
        if cursor.has_closed(b'}')? {
            break;
        }
    }
    let mut known = std::collections::HashSet::new();
    let mut is_last: Vec<bool> = entries
        .iter()
        .rev()
        .map(|(key, _)| known.insert(key.clone()))
        .collect();
    entries.retain(|_| is_last.pop().unwrap_or(true));
    Ok(entries)
}

fn push_end(ends: &mut Vec<i32>, items: &Column) -> Option<()> {
    ends.push(i32::try_from(items.len()).ok()?);
    Some(())
}

impl StructReader {
    fn append(&mut self, cursor: &mut Cursor<'_>, column: &mut Column, depth: usize) -> Parsed<Option<()>> {
        let Values::Struct(count, columns) = &mut column.values else {
            return Ok(None);
        };
        let mut exact = vec![false; columns.len()];
        let mut place = 0;
        let mut step = self.fields.first(cursor, depth, &mut place)?;
        while let Step::Value(target) = step {
            let (target, is_exact) = match target {
                Use::Exact(target) => (Some(target), true),
                Use::Folded(target) if !exact[target] => (Some(target), false),
                Use::Folded(_) | Use::None => (None, false),
            };
            match target {
                Some(target) => {
                    exact[target] |= is_exact;
                    let column = &mut columns[target];
                    column.truncate(*count);
                    let read = self.readers[target].read(cursor, column, depth + 1);
                    read.map_err(|fault| fault.of_column(columns[target].field.name()))?;
                }
                None => {
                    cursor.skip_value(depth + 1)?;
                }
            }
            step = self.fields.next(cursor, &mut place)?;
        }
        for column in columns.iter_mut().filter(|column| column.len() == *count) {
            column
                .push_null()
                .map_err(|misfit: Misfit| misfit.of_column(column.field.name()))?;
        }
        *count += 1;
        Ok(Some(()))
    }
}
