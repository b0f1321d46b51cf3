//! Small pieces that wait to be sent as one batch.

use crate::batch::EventBatch;
use crate::error::Result;

/// Pieces of this many rows or more are not put together with others.
const FLUSH_ROWS: usize = 1024;

/// Pieces of this many bytes or more are not put together with others.
const FLUSH_BYTES: usize = 64 << 10;

/// The rows that one receiver is to get next.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pieces: Vec<EventBatch>,
    row_count: usize,
    bytes: usize,
}

impl Pending {
    /// Takes a piece, and gives what there is once it is enough.
    pub(super) fn add(&mut self, piece: EventBatch) -> Result<Option<EventBatch>> {
        self.row_count += piece.num_rows();
        self.bytes += piece.memory_bytes();
        self.pieces.push(piece);
        if self.row_count >= FLUSH_ROWS || self.bytes >= FLUSH_BYTES {
            self.take()
        } else {
            Ok(None)
        }
    }

    /// Gives what there is.
    pub(super) fn take(&mut self) -> Result<Option<EventBatch>> {
        if self.pieces.is_empty() {
            return Ok(None);
        }
        let batch = EventBatch::concat(&self.pieces)?;
        self.pieces.clear();
        self.row_count = 0;
        self.bytes = 0;
        Ok(Some(batch))
    }
}
