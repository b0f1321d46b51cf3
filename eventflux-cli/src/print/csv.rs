//! Comma-separated values (RFC 4180), each stream under its own header.

use std::io;

use eventflux::batch::EventBatch;
use eventflux::batch::json::Cell;

use super::RowPrinter;

/// Prints a header whenever the stream changes. A changelog has the kind of each row in a first column `op`.
#[derive(Default)]
pub struct CsvPrinter {
    changelogs: std::collections::BTreeSet<String>,
    last_stream: Option<String>,
}

impl CsvPrinter {
    /// A printer that knows which streams are changelogs.
    pub fn new(changelogs: std::collections::BTreeSet<String>) -> Self {
        Self {
            changelogs,
            last_stream: None,
        }
    }
}

impl RowPrinter for CsvPrinter {
    fn print(&mut self, stream: &str, batch: &EventBatch, out: &mut Vec<u8>) -> io::Result<()> {
        let schema = batch.schema();
        let is_changelog = self.changelogs.contains(stream);
        if self.last_stream.as_deref() != Some(stream) {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let mut line = Vec::new();
            for name in is_changelog.then_some("op").into_iter().chain(names) {
                push_field(name.as_bytes(), &mut line);
            }
            end_line(line, out);
            self.last_stream = Some(stream.to_owned());
        }
        let cells = batch.rows().columns().iter().zip(schema.fields());
        let cells: Vec<Cell<'_>> = cells
            .map(|(column, field)| Cell::new(column.as_ref(), field))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let mut text = Vec::new();
        for row in 0..batch.num_rows() {
            let mut line = Vec::new();
            if is_changelog {
                push_field(batch.kind(row).symbol().as_bytes(), &mut line);
            }
            for cell in &cells {
                text.clear();
                if !cell.is_null(row) {
                    cell.write_text(row, &mut text);
                }
                push_value(&text, cell.is_null(row), &mut line);
            }
            end_line(line, out);
        }
        Ok(())
    }
}

/// A value; an empty text is quoted to tell it from NULL.
fn push_value(text: &[u8], is_null: bool, line: &mut Vec<u8>) {
    if text.is_empty() && !is_null {
        line.extend_from_slice(b"\"\",");
    } else {
        push_field(text, line);
    }
}

fn push_field(text: &[u8], line: &mut Vec<u8>) {
    if text
        .iter()
        .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
    {
        line.push(b'"');
        for byte in text {
            line.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 }));
        }
        line.push(b'"');
    } else {
        line.extend_from_slice(text);
    }
    line.push(b',');
}

/// Fields end with a comma each; the last one is the line's end.
fn end_line(mut line: Vec<u8>, out: &mut Vec<u8>) {
    line.pop();
    out.append(&mut line);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use eventflux::arrow::array::{ArrayRef, RecordBatch, StringArray};

    use super::*;

    #[test]
    fn commas_quotes_and_empty_texts_survive() {
        let values: ArrayRef = Arc::new(StringArray::from(vec![
            Some("a,b"),
            Some("say \"hi\""),
            Some(""),
            None,
        ]));
        let batch = EventBatch::at(RecordBatch::try_from_iter([("v", values)]).unwrap(), 0);
        let mut out = Vec::new();
        CsvPrinter::default().print("s", &batch, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "v\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"\"\n\n"
        );
    }
}
