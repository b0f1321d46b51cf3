//! The current row per key.

use eventflux_core::Result;
use eventflux_core::batch::json::JsonRows;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::connector::{Encode, Messages};

/// Encodes the current row per key, one per line or message.
#[derive(Debug, Clone)]
pub struct UpsertEncoder {
    /// The key's columns.
    pub(super) key: Vec<usize>,
}

/// What a row does to its key; `None`: nothing, since the row after the update follows.
fn has_value(kind: RowKind) -> Option<bool> {
    match kind {
        RowKind::Insert | RowKind::UpdateAfter => Some(true),
        RowKind::Delete => Some(false),
        RowKind::UpdateBefore => None,
    }
}

impl Encode for UpsertEncoder {
    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()> {
        let rows = JsonRows::new(batch.rows())?;
        let keys = JsonRows::of_columns(batch.rows(), &self.key)?;
        for row in 0..batch.num_rows() {
            let Some(has_value) = has_value(batch.kind(row)) else {
                continue;
            };
            out.extend_from_slice(b"{\"key\":");
            keys.write(row, out);
            out.extend_from_slice(b",\"value\":");
            match has_value {
                true => rows.write(row, out),
                false => out.extend_from_slice(b"null"),
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(())
    }

    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()> {
        let rows = JsonRows::new(batch.rows())?;
        let keys = JsonRows::of_columns(batch.rows(), &self.key)?;
        for row in 0..batch.num_rows() {
            let Some(has_value) = has_value(batch.kind(row)) else {
                continue;
            };
            messages.key(|out| keys.write(row, out));
            if has_value {
                messages.value(|out| rows.write(row, out));
            }
            messages.end(row);
        }
        Ok(())
    }
}
