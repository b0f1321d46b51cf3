//! Changes as envelopes.

use eventflux_core::Result;
use eventflux_core::batch::json::JsonRows;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::connector::{Encode, Messages};

/// Encodes changes, one per line or message.
#[derive(Debug, Clone)]
pub struct DebeziumEncoder {
    /// The key's columns.
    pub(super) key: Vec<usize>,
}

/// One change: the rows of the batch that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    before: Option<usize>,
    after: Option<usize>,
}

impl Change {
    /// The row that the change stands for: the latest.
    fn row(self) -> usize {
        self.after.or(self.before).unwrap_or_default()
    }

    fn operation(self) -> u8 {
        match (self.before, self.after) {
            (Some(_), Some(_)) => b'u',
            (Some(_), None) => b'd',
            (None, _) => b'c',
        }
    }
}

/// The changes of a batch in order. The two images of an update are one change if they stand together and have the same
/// key; otherwise the old one is a deletion and the new one an insertion, which comes to the same.
fn changes(batch: &EventBatch, has_same_key: impl Fn(usize, usize) -> bool) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        match batch.kind(row) {
            RowKind::Insert => changes.push(Change {
                before: None,
                after: Some(row),
            }),
            RowKind::UpdateBefore | RowKind::Delete => changes.push(Change {
                before: Some(row),
                after: None,
            }),
            RowKind::UpdateAfter => {
                let is_pair =
                    row > 0 && batch.kind(row - 1) == RowKind::UpdateBefore && has_same_key(row - 1, row);
                match changes.last_mut() {
                    Some(change) if is_pair => change.after = Some(row),
                    _ => changes.push(Change {
                        before: None,
                        after: Some(row),
                    }),
                }
            }
        }
    }
    changes
}

/// A batch's changes, ready to be written.
struct Envelopes<'a> {
    batch: &'a EventBatch,
    rows: JsonRows<'a>,
    keys: JsonRows<'a>,
}

impl<'a> Envelopes<'a> {
    fn new(batch: &'a EventBatch, key: &[usize]) -> Result<Self> {
        let rows = JsonRows::new(batch.rows())?;
        let keys = JsonRows::of_columns(batch.rows(), key)?;
        Ok(Self { batch, rows, keys })
    }

    fn changes(&self) -> Vec<Change> {
        let key = |row| {
            let mut out = Vec::new();
            self.keys.write(row, &mut out);
            out
        };
        changes(self.batch, |before, after| key(before) == key(after))
    }

    fn write(&self, change: Change, out: &mut Vec<u8>) {
        let image = |row: Option<usize>, out: &mut Vec<u8>| match row {
            Some(row) => self.rows.write(row, out),
            None => out.extend_from_slice(b"null"),
        };
        out.extend_from_slice(b"{\"before\":");
        image(change.before, out);
        out.extend_from_slice(b",\"after\":");
        image(change.after, out);
        out.extend_from_slice(b",\"op\":\"");
        out.push(change.operation());
        out.extend_from_slice(b"\",\"ts_ms\":");
        let time_ms = self.batch.event_time()[change.row()].div_euclid(1_000);
        out.extend_from_slice(itoa::Buffer::new().format(time_ms).as_bytes());
        out.push(b'}');
    }
}

impl Encode for DebeziumEncoder {
    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()> {
        let envelopes = Envelopes::new(batch, &self.key)?;
        for change in envelopes.changes() {
            envelopes.write(change, out);
            out.push(b'\n');
        }
        Ok(())
    }

    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()> {
        let envelopes = Envelopes::new(batch, &self.key)?;
        for change in envelopes.changes() {
            if !self.key.is_empty() {
                messages.key(|out| envelopes.keys.write(change.row(), out));
            }
            messages.value(|out| envelopes.write(change, out));
            messages.end(change.row());
        }
        Ok(())
    }
}
