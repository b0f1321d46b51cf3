//! The one writer of rows to stdout.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};

use eventflux::batch::EventBatch;

use super::{csv::CsvPrinter, json::JsonPrinter, table::TablePrinter};
use crate::args::RowFormat;

/// Renders rows of streams into bytes.
pub trait RowPrinter: Send {
    /// Appends the rows of one stream.
    fn print(&mut self, stream: &str, batch: &EventBatch, out: &mut Vec<u8>) -> io::Result<()>;
}

/// Prints rows to stdout, in whole lines: what one call is given is written with one call.
///
/// **Errors** A closed pipe is reported as such; the caller ends the run without a message, as `head` expects.
pub struct Printer {
    rows: Option<Box<dyn RowPrinter>>,
    buffer: Vec<u8>,
}

impl Printer {
    /// A printer of this format; `auto` asks whether stdout is a terminal. `changelogs` are the streams whose rows change.
    pub fn new(format: RowFormat, changelogs: BTreeSet<String>) -> Self {
        let rows: Option<Box<dyn RowPrinter>> = match format {
            RowFormat::Auto if io::stdout().is_terminal() => Some(Box::new(TablePrinter::new(changelogs))),
            RowFormat::Table => Some(Box::new(TablePrinter::new(changelogs))),
            RowFormat::Auto | RowFormat::Ndjson => Some(Box::new(JsonPrinter::rows(changelogs))),
            RowFormat::Changelog => Some(Box::new(JsonPrinter::envelopes())),
            RowFormat::Csv => Some(Box::new(CsvPrinter::new(changelogs))),
            RowFormat::None => None,
        };
        Self {
            rows,
            buffer: Vec::new(),
        }
    }

    /// Prints the rows of one stream.
    pub fn print(&mut self, stream: &str, batch: &EventBatch) -> io::Result<()> {
        let Some(rows) = &mut self.rows else { return Ok(()) };
        self.buffer.clear();
        rows.print(stream, batch, &mut self.buffer)?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.buffer)?;
        stdout.flush()
    }
}
