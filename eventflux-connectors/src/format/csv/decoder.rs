//! CSV records into columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{FieldRef, SchemaRef};
use eventflux_core::connector::{Decode, raw_of};
use eventflux_core::operator::BadRow;
use eventflux_core::{Error, Result};

use super::dialect::{Dialect, FieldEnd, QuoteFault};
use super::field::{FieldFault, Slot};
use super::header::{Header, read_names};
use crate::format::column::Misfit;
use crate::format::lines::{Lines, Run, bad_row, without_break};

/// Decodes CSV.
///
/// **Invariants** Between two records, every column has `row_count` values: a bad record's are taken off.
#[derive(Clone)]
pub struct CsvDecoder {
    schema: SchemaRef,
    declared: SchemaRef,
    /// The slot of each declared column, if it is used.
    declared_slots: Vec<Option<usize>>,
    dialect: Dialect,
    has_header: bool,
    /// The text of NULL.
    null: Arc<[u8]>,
    slots: Vec<Slot>,
    /// The slot of each field of a record.
    places: Vec<Option<usize>>,
    row_count: usize,
    lines: Lines,
    /// Bytes of the stream before this offset are known to be UTF-8.
    utf8_until: u64,
}

/// What became of a record.
enum Outcome {
    /// It is a row; the next record begins here.
    Row(usize),
    /// It is a bad row; the next record begins here.
    Bad(String, usize),
    /// Its quotes do not match.
    Quotes(QuoteFault),
}

impl CsvDecoder {
    pub(super) fn new(
        schema: SchemaRef,
        declared: SchemaRef,
        slots: Vec<Slot>,
        dialect: Dialect,
        has_header: bool,
        null: &str,
    ) -> Self {
        let by_name: HashMap<&str, usize> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(slot, field)| (field.name().as_str(), slot))
            .collect();
        let used = |field: &FieldRef| by_name.get(field.name().as_str()).copied();
        let declared_slots: Vec<_> = declared.fields().iter().map(used).collect();
        Self {
            schema,
            declared,
            places: declared_slots.clone(),
            declared_slots,
            dialect,
            has_header,
            null: null.as_bytes().into(),
            slots,
            row_count: 0,
            lines: Lines::default(),
            utf8_until: 0,
        }
    }

    /// Reads the record that begins here, and takes it off again if something is wrong with it.
    #[inline]
    fn read_record(&mut self, bytes: &[u8], start: usize) -> Outcome {
        let (mut at, mut place) = (start, 0);
        let mut misfit: Option<Misfit> = None;
        let next = loop {
            let slot = match self.places.get(place) {
                Some(Some(slot)) if misfit.is_none() => self.slots.get_mut(*slot),
                _ => None,
            };
            let end = match slot {
                Some(slot) => slot.read(self.dialect, &self.null, bytes, at),
                None => self.dialect.skip_field(bytes, at).map_err(FieldFault::Quotes),
            };
            let end = match end {
                Ok(end) => end,
                Err(FieldFault::Value(reason, end)) => {
                    misfit = Some(reason);
                    end
                }
                Err(FieldFault::Quotes(fault)) => {
                    self.undo();
                    return Outcome::Quotes(fault);
                }
            };
            place += 1;
            match end {
                FieldEnd::Field(next) => at = next,
                FieldEnd::Record(next) => break next,
            }
        };
        if place != self.places.len() {
            misfit = Some(Misfit::new(format!(
                "the record has {place} fields in place of {}",
                self.places.len()
            )));
        }
        match misfit {
            None => {
                self.row_count += 1;
                Outcome::Row(next)
            }
            Some(misfit) => {
                self.undo();
                Outcome::Bad(misfit.into_reason(), next)
            }
        }
    }

    #[cold]
    fn undo(&mut self) {
        self.slots
            .iter_mut()
            .for_each(|slot| slot.column.truncate(self.row_count));
    }

    /// Whether the record at this place is a line without anything. Where there is only one column, that is a NULL.
    #[inline]
    fn blank_line(&self, bytes: &[u8], at: usize) -> Option<usize> {
        if self.places.len() == 1 {
            return None;
        }
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\n'), _) => Some(at + 1),
            (Some(b'\r'), Some(b'\n')) => Some(at + 2),
            (Some(b'\r'), None) => Some(at + 1),
            _ => None,
        }
    }

    /// Reads records until there are so many more good and bad rows, or until one is not whole; returns how many bytes they
    /// took. `is_last`: a record that is not whole will not become so.
    fn read_records(
        &mut self,
        bytes: &[u8],
        offset: u64,
        is_last: bool,
        rows_max: usize,
        bad: &mut Vec<BadRow>,
    ) -> usize {
        let is_utf8 = self.is_utf8(bytes, offset);
        let rows_end = (self.row_count + bad.len()).saturating_add(rows_max);
        let mut at = 0;
        while at < bytes.len() && self.row_count + bad.len() < rows_end {
            if let Some(next) = self.blank_line(bytes, at) {
                at = next;
                continue;
            }
            let (reason, next) = match self.read_record(bytes, at) {
                Outcome::Row(next) => match self.check(&bytes[at..next], is_utf8) {
                    None => {
                        at = next;
                        continue;
                    }
                    Some(reason) => {
                        self.row_count -= 1;
                        self.undo();
                        (reason, next)
                    }
                },
                Outcome::Bad(reason, next) => (self.check(&bytes[at..next], is_utf8).unwrap_or(reason), next),
                Outcome::Quotes(QuoteFault::Open) if !is_last => break,
                Outcome::Quotes(fault) => (fault.reason().to_owned(), next_line(bytes, at)),
            };
            let record_offset = offset + at as u64;
            bad.push(bad_row(
                record_offset,
                reason,
                raw_of(without_break(&bytes[at..next])),
            ));
            at = next;
        }
        at
    }

    /// What is wrong with a record as a whole.
    #[inline]
    fn check(&self, record: &[u8], is_utf8: bool) -> Option<String> {
        if record.len() > self.lines.line_bytes_max && without_break(record).len() > self.lines.line_bytes_max
        {
            return Some(format!(
                "the record is longer than {} bytes",
                self.lines.line_bytes_max
            ));
        }
        let is_wrong = !is_utf8 && std::str::from_utf8(record).is_err();
        is_wrong.then(|| "the text is not UTF-8".to_owned())
    }

    /// Whether the bytes are UTF-8 as a whole; they end with a line, so not within a character.
    fn is_utf8(&mut self, bytes: &[u8], offset: u64) -> bool {
        let end = offset + bytes.len() as u64;
        if end <= self.utf8_until {
            return true;
        }
        let is_utf8 = simdutf8::basic::from_utf8(bytes).is_ok();
        if is_utf8 {
            self.utf8_until = end;
        }
        is_utf8
    }

    /// Finds the columns by the names in the header.
    fn take_names(&mut self, names: &[String]) -> Result<()> {
        let mut header = Header::new(names);
        self.places = vec![None; names.len()];
        for (field, slot) in self.declared.fields().iter().zip(&self.declared_slots) {
            let place = header.take(field.name())?;
            self.places[place] = *slot;
        }
        Ok(())
    }
}

/// Where the next line begins.
fn next_line(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1)
}

impl Decode for CsvDecoder {
    fn begin(&mut self, head: &[u8], is_end: bool) -> Result<Option<usize>> {
        self.utf8_until = 0;
        let Some(mark) = self.lines.begin(head, is_end) else {
            return Ok(None);
        };
        if !self.has_header || (is_end && head.len() == mark) {
            return Ok(Some(mark));
        }
        let failed = |message: String| Error::Option {
            key: "csv.header".to_owned(),
            message,
        };
        match read_names(self.dialect, head, mark) {
            // The end of the bytes is not that of the header.
            Ok((_, next)) if next == head.len() && !is_end && !head.ends_with(b"\n") => {}
            Ok((names, next)) => {
                self.take_names(&names)?;
                return Ok(Some(next));
            }
            Err(QuoteFault::Open) if !is_end => {}
            Err(fault) => return Err(failed(format!("the header cannot be read: {}", fault.reason()))),
        }
        if head.len() > self.lines.line_bytes_max {
            return Err(failed(format!(
                "the header is longer than {} bytes",
                self.lines.line_bytes_max
            )));
        }
        Ok(None)
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
            Run::Lines(lines) => {
                let taken = self.read_records(lines, offset, is_end, rows_max, bad);
                let is_stuck = taken == 0 && rows_max > 0 && bytes.len() > self.lines.line_bytes_max;
                match is_stuck {
                    // The quoted field has had its chance: its first line is bad.
                    true => self.read_records(lines, offset, true, 1, bad),
                    false => taken,
                }
            }
            Run::Passed(byte_count) => byte_count,
            Run::Wait => 0,
        })
    }

    fn decode_message(&mut self, message: &[u8], offset: i64, bad: &mut Vec<BadRow>) -> Result<usize> {
        let (before, bad_before) = (self.row_count, bad.len());
        self.utf8_until = 0;
        // Nothing is a record of one empty field, too.
        if message.is_empty()
            && let Outcome::Bad(reason, _) = self.read_record(message, 0)
        {
            bad.push(bad_row(0, reason, raw_of(message)));
        }
        self.read_records(message, 0, true, usize::MAX, bad);
        for row in &mut bad[bad_before..] {
            row.offset = Some(offset);
        }
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
