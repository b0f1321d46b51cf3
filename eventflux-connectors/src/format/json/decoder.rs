//! JSON records into columns.

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use eventflux_core::Result;
use eventflux_core::connector::{Decode, raw_of};
use eventflux_core::operator::BadRow;

use super::cursor::Cursor;
use super::fault::{Fault, Parsed};
use super::node::{Node, Record, Slot};
use crate::format::lines::{BYTE_ORDER_MARK, Lines, Run, bad_row, without_break};

/// Decodes JSON.
///
/// **Invariants** Between two records, every column has `row_count` values: a bad record's are taken off.
#[derive(Clone)]
pub struct JsonDecoder {
    schema: SchemaRef,
    root: Node,
    slots: Vec<Slot>,
    row_count: usize,
    /// Records so far, bad ones included.
    record_count: u64,
    lines: Lines,
    /// Bytes of the stream before this offset are known to be UTF-8.
    utf8_until: u64,
}

impl JsonDecoder {
    pub(super) fn new(schema: SchemaRef, root: Node, slots: Vec<Slot>) -> Self {
        Self {
            schema,
            root,
            slots,
            row_count: 0,
            record_count: 0,
            lines: Lines::default(),
            utf8_until: 0,
        }
    }

    /// Reads one record, and takes it off again if something is wrong with it.
    #[inline]
    fn read_record<T>(
        &mut self,
        cursor: &mut Cursor<'_>,
        end: impl Fn(&mut Cursor<'_>) -> Parsed<T>,
    ) -> Parsed<T> {
        self.record_count += 1;
        let mut record = Record {
            slots: &mut self.slots,
            row_count: self.row_count,
            number: self.record_count,
        };
        let read = self
            .root
            .read_object(cursor, &mut record, 0)
            .and_then(|()| end(cursor))
            .and_then(|ended| record.end().map(|()| ended));
        match read {
            Ok(_) => self.row_count += 1,
            Err(_) => record.undo(),
        }
        read
    }

    /// Whether the lines are UTF-8 as a whole; whole lines never end within a character.
    fn is_utf8(&mut self, lines: &[u8], offset: u64) -> bool {
        let end = offset + lines.len() as u64;
        if end <= self.utf8_until {
            return true;
        }
        let is_utf8 = simdutf8::basic::from_utf8(lines).is_ok();
        if is_utf8 {
            self.utf8_until = end;
        }
        is_utf8
    }

    /// Reads lines until there are so many more good and bad rows; returns how many bytes they took.
    fn read_lines(&mut self, lines: &[u8], offset: u64, rows_max: usize, bad: &mut Vec<BadRow>) -> usize {
        let is_utf8 = self.is_utf8(lines, offset);
        let rows_end = (self.row_count + bad.len()).saturating_add(rows_max);
        let mut cursor = Cursor::of_lines(lines);
        while self.row_count + bad.len() < rows_end && cursor.position() < lines.len() {
            let start = cursor.position();
            if cursor.skip_blanks() == b'\n' {
                cursor.set_position((cursor.position() + 1).min(lines.len()));
                continue;
            }
            let read = match is_utf8 {
                true => self.read_record(&mut cursor, end_of_line),
                false => check_utf8(line_at(lines, start), start)
                    .and_then(|()| self.read_record(&mut cursor, end_of_line)),
            };
            let line = match &read {
                Ok(()) => cursor.since(start),
                Err(_) => line_at(lines, start),
            };
            cursor.set_position((start + line.len() + 1).min(lines.len()));
            let line_offset = offset + start as u64;
            if line.len() > self.lines.line_bytes_max {
                self.drop_row(read.is_ok());
                bad.push(self.lines.too_long(line_offset, raw_of(line)));
            } else if let Err(fault) = read {
                bad.push(bad_row(
                    line_offset,
                    fault.into_reason(start),
                    raw_of(without_break(line)),
                ));
            }
        }
        cursor.position()
    }

    #[cold]
    fn drop_row(&mut self, is_read: bool) {
        if is_read {
            self.row_count -= 1;
            self.slots
                .iter_mut()
                .for_each(|slot| slot.column.truncate(self.row_count));
        }
    }

    /// Reads a message: objects one after the other, or one array of them.
    fn read_message(&mut self, message: &[u8], offset: i64, bad: &mut Vec<BadRow>) {
        let message = message.strip_prefix(BYTE_ORDER_MARK).unwrap_or(message);
        let mut refuse = |fault: Box<Fault>, start: usize, end: usize| {
            let (reason, raw) = (fault.into_reason(start), raw_of(&message[start..end]));
            bad.push(BadRow {
                partition: None,
                offset: Some(offset),
                reason,
                raw,
            });
        };
        if let Err(fault) = check_utf8(message, 0) {
            return refuse(fault, 0, message.len());
        }
        let mut cursor = Cursor::of_message(message);
        let end = match cursor.skip_blanks() == b'[' {
            true => end_of_item,
            false => end_of_object,
        };
        let mut is_over = cursor.peek() == b'[' && has_no_items(&mut cursor);
        while !is_over {
            let start = cursor.position();
            is_over = match self.read_record(&mut cursor, end) {
                Ok(is_over) => is_over,
                Err(fault) => {
                    cursor.set_position(start);
                    let record = cursor.skip_value(0).map(<[u8]>::len);
                    match (record, end(&mut cursor)) {
                        (Ok(length), Ok(is_over)) => {
                            refuse(fault, start, start + length);
                            is_over
                        }
                        // Nothing says where the next record would begin.
                        _ => return refuse(fault, start, message.len()),
                    }
                }
            };
        }
        if !cursor.rest().is_empty() {
            refuse(
                cursor.unexpected("the end of the message"),
                cursor.position(),
                message.len(),
            );
        }
    }
}

/// Moves into an array of records; `true`: it is empty, and behind.
fn has_no_items(cursor: &mut Cursor<'_>) -> bool {
    cursor.advance(1);
    let is_empty = cursor.skip_blanks() == b']';
    if is_empty {
        cursor.advance(1);
        cursor.skip_blanks();
    }
    is_empty
}

/// Moves from one record of an array to the next; `true`: that was the last one.
fn end_of_item(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let has_closed = cursor.has_closed(b']')?;
    cursor.skip_blanks();
    Ok(has_closed)
}

/// Moves from one record of a message to the next; `true`: that was the last one.
fn end_of_object(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    match cursor.skip_blanks() {
        b'{' => Ok(false),
        _ if cursor.rest().is_empty() => Ok(true),
        _ => Err(cursor.unexpected("the end of the message")),
    }
}

/// Moves over blanks to the end of a line.
#[inline]
fn end_of_line(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.skip_blanks() == b'\n' {
        Ok(())
    } else {
        Err(cursor.unexpected("the end of the line"))
    }
}

#[cold]
fn check_utf8(record: &[u8], start: usize) -> Parsed<()> {
    match std::str::from_utf8(record) {
        Ok(_) => Ok(()),
        Err(error) => Err(Box::new(Fault::Syntax {
            at: start + error.valid_up_to(),
            reason: "the text is not UTF-8".into(),
        })),
    }
}

/// The line that begins here, without its line feed.
#[cold]
fn line_at(lines: &[u8], start: usize) -> &[u8] {
    let rest = &lines[start..];
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

impl Decode for JsonDecoder {
    fn begin(&mut self, head: &[u8], is_end: bool) -> Result<Option<usize>> {
        self.utf8_until = 0;
        Ok(self.lines.begin(head, is_end))
    }

    fn decode_stream(
        &mut self,
        bytes: &[u8],
        offset: u64,
        is_end: bool,
        rows_max: usize,
        bad: &mut Vec<BadRow>,
    ) -> Result<usize> {
        Ok(match self.lines.cut(bytes, offset, is_end, bad) {
            Run::Lines(lines) => self.read_lines(lines, offset, rows_max, bad),
            Run::Passed(byte_count) => byte_count,
            Run::Wait => 0,
        })
    }

    fn decode_message(&mut self, message: &[u8], offset: i64, bad: &mut Vec<BadRow>) -> Result<usize> {
        let before = self.row_count;
        self.read_message(message, offset, bad);
        Ok(self.row_count - before)
    }

    fn row_count(&self) -> usize {
        self.row_count
    }

    fn take(&mut self) -> Result<RecordBatch> {
        let columns = self
            .slots
            .iter_mut()
            .map(|slot| slot.column.finish())
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.row_count)));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &options,
        )?)
    }
}
