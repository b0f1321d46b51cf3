//! Records as the values of one column.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{FieldRef, Schema, TimeUnit};
use eventflux_core::connector::{Decode, raw_of};
use eventflux_core::operator::BadRow;
use eventflux_core::{Error, Result};

use super::Kind;
use crate::format::column::{Column, ColumnRules, Values};
use crate::format::lines::{Lines, Run, bad_row, without_break};

/// Decodes lines and messages as they are.
#[derive(Debug, Clone)]
pub struct SingleDecoder {
    kind: Kind,
    column: Column,
    /// Whether the column is used; otherwise rows are only counted.
    is_used: bool,
    row_count: usize,
    lines: Lines,
}

impl SingleDecoder {
    /// A decoder into this column, which has the kind's type.
    pub fn new(kind: Kind, field: &FieldRef, is_used: bool) -> Self {
        let values = match kind {
            Kind::Raw => Values::Binary(Default::default()),
            Kind::Text => Values::String(Default::default()),
        };
        let rules = ColumnRules {
            timestamp_unit: TimeUnit::Millisecond,
        };
        Self {
            kind,
            column: Column::of(field, rules, values),
            is_used,
            row_count: 0,
            lines: Lines::default(),
        }
    }

    /// Takes a record; the error says why it is bad.
    fn push(&mut self, record: &[u8]) -> Result<(), String> {
        if self.kind == Kind::Text && simdutf8::basic::from_utf8(record).is_err() {
            return Err("the text is not UTF-8".into());
        }
        if self.is_used {
            let (Values::Binary(values) | Values::String(values)) = &mut self.column.values else {
                return Err("the column is neither text nor bytes".into());
            };
            if values.push(record).is_none() {
                self.column.truncate(self.row_count);
                return Err("a batch cannot hold more than 2 GiB of text".into());
            }
            self.column.end_value();
        }
        self.row_count += 1;
        Ok(())
    }

    fn read_lines(&mut self, lines: &[u8], offset: u64, rows_max: usize, bad: &mut Vec<BadRow>) -> usize {
        let rows_end = (self.row_count + bad.len()).saturating_add(rows_max);
        let mut start = 0;
        while start < lines.len() && self.row_count + bad.len() < rows_end {
            let rest = &lines[start..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = &rest[..length];
            let line_offset = offset + start as u64;
            if length > self.lines.line_bytes_max {
                bad.push(self.lines.too_long(line_offset, raw_of(line)));
            } else if let Err(reason) = self.push(without_break(line)) {
                bad.push(bad_row(line_offset, reason, raw_of(without_break(line))));
            }
            start = (start + length + 1).min(lines.len());
        }
        start
    }
}

impl Decode for SingleDecoder {
    fn begin(&mut self, head: &[u8], is_end: bool) -> Result<Option<usize>> {
        let mark = self.lines.begin(head, is_end);
        Ok(if self.kind == Kind::Raw { Some(0) } else { mark })
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
        match self.push(message) {
            Ok(()) => Ok(1),
            Err(reason) => {
                bad.push(BadRow {
                    partition: None,
                    offset: Some(offset),
                    reason,
                    raw: raw_of(message),
                });
                Ok(0)
            }
        }
    }

    fn row_count(&self) -> usize {
        self.row_count
    }

    fn take(&mut self) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.row_count)));
        let (fields, columns) = match self.is_used {
            true => (
                vec![FieldRef::clone(&self.column.field)],
                vec![self.column.finish()?],
            ),
            false => (Vec::new(), Vec::new()),
        };
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
        batch.map_err(Error::from)
    }
}
