//! Rows as CSV records.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::batch::json::Cell;
use eventflux_core::connector::{Encode, Messages};

use super::dialect::Dialect;

/// Encodes rows as records: a line each, or a message each. A message's key is the record of the key's columns.
#[derive(Debug, Clone)]
pub struct CsvEncoder {
    /// The columns.
    pub(super) schema: SchemaRef,
    /// The key's columns.
    pub(super) key: Vec<usize>,
    /// Whether a stream begins with the names.
    pub(super) has_header: bool,
    /// How fields are written.
    pub(super) style: Style,
}

/// How fields are written.
#[derive(Debug, Clone)]
pub struct Style {
    /// The characters that matter.
    pub dialect: Dialect,
    /// The text of NULL.
    pub null: Arc<str>,
}

impl Style {
    /// Puts the text from `start` on in quotes if it would not read back without them.
    fn end_field(&self, start: usize, out: &mut Vec<u8>) {
        let Dialect { delimiter, quote } = self.dialect;
        let text = &out[start..];
        let is_special = |byte: &u8| *byte == delimiter || *byte == quote || *byte == b'\n' || *byte == b'\r';
        if text != self.null.as_bytes() && !text.iter().any(is_special) {
            return;
        }
        let text = text.to_vec();
        out.truncate(start);
        out.push(quote);
        for byte in text {
            if byte == quote {
                out.push(quote);
            }
            out.push(byte);
        }
        out.push(quote);
    }

    fn write_record(&self, cells: &[Cell<'_>], row: usize, out: &mut Vec<u8>) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                out.push(self.dialect.delimiter);
            }
            if cell.is_null(row) {
                out.extend_from_slice(self.null.as_bytes());
                continue;
            }
            let start = out.len();
            cell.write_text(row, out);
            self.end_field(start, out);
        }
    }
}

fn cells<'a>(batch: &'a RecordBatch, columns: impl Iterator<Item = usize>) -> Result<Vec<Cell<'a>>> {
    columns
        .map(|column| Cell::new(batch.column(column), batch.schema_ref().field(column)))
        .collect()
}

impl Encode for CsvEncoder {
    fn header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.has_header {
            for (place, field) in self.schema.fields().iter().enumerate() {
                if place > 0 {
                    out.push(self.style.dialect.delimiter);
                }
                let start = out.len();
                out.extend_from_slice(field.name().as_bytes());
                self.style.end_field(start, &mut out);
            }
            out.push(b'\n');
        }
        out
    }

    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()> {
        let cells = cells(batch.rows(), 0..batch.rows().num_columns())?;
        for row in 0..batch.num_rows() {
            self.style.write_record(&cells, row, out);
            out.push(b'\n');
        }
        Ok(())
    }

    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()> {
        let key_cells = cells(batch.rows(), self.key.iter().copied())?;
        let cells = cells(batch.rows(), 0..batch.rows().num_columns())?;
        for row in 0..batch.num_rows() {
            if !self.key.is_empty() {
                messages.key(|out| self.style.write_record(&key_cells, row, out));
            }
            messages.value(|out| self.style.write_record(&cells, row, out));
            messages.end(row);
        }
        Ok(())
    }
}
