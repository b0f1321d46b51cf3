//! One JSON object per row: the row itself, or the envelope with stream, kind and event time.

use std::collections::BTreeSet;
use std::io::{self, Write};

use eventflux::batch::EventBatch;
use eventflux::batch::json::{JsonRows, write_string};

use super::RowPrinter;

/// Prints rows; in the envelope always, or for the streams whose rows change.
pub struct JsonPrinter {
    in_envelope: Envelope,
}

enum Envelope {
    Always,
    /// Of these streams.
    Changelogs(BTreeSet<String>),
}

impl JsonPrinter {
    /// The plain row; the envelope for streams that are changelogs.
    pub fn rows(changelogs: BTreeSet<String>) -> Self {
        Self {
            in_envelope: Envelope::Changelogs(changelogs),
        }
    }

    /// Always the envelope.
    pub fn envelopes() -> Self {
        Self {
            in_envelope: Envelope::Always,
        }
    }
}

impl RowPrinter for JsonPrinter {
    fn print(&mut self, stream: &str, batch: &EventBatch, out: &mut Vec<u8>) -> io::Result<()> {
        let rows = JsonRows::new(batch.rows()).map_err(io::Error::other)?;
        let in_envelope = match &self.in_envelope {
            Envelope::Always => true,
            Envelope::Changelogs(streams) => streams.contains(stream),
        };
        for row in 0..batch.num_rows() {
            if in_envelope {
                write_envelope(stream, batch, &rows, row, out)?;
            } else {
                rows.write(row, out);
            }
            out.push(b'\n');
        }
        Ok(())
    }
}

/// Appends `{"stream":…,"op":…,"ts":…,"data":{…}}`; `ts` is the event time in milliseconds.
pub fn write_envelope(
    stream: &str,
    batch: &EventBatch,
    rows: &JsonRows<'_>,
    row: usize,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    out.extend_from_slice(b"{\"stream\":");
    write_string(stream, out);
    let ts_ms = batch.event_time()[row].div_euclid(1000);
    write!(
        out,
        ",\"op\":\"{}\",\"ts\":{ts_ms},\"data\":",
        batch.kind(row).symbol()
    )?;
    rows.write(row, out);
    out.push(b'}');
    Ok(())
}
