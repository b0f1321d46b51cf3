//! Rows that come together in one body.

use bytes::Bytes;
use eventflux_core::Result;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::connector::Encode;

/// The body that is being made.
pub struct Body {
    encoder: Box<dyn Encode>,
    header: Vec<u8>,
    bytes: Vec<u8>,
    row_count: usize,
    rows_max: usize,
}

impl Body {
    /// Bodies of so many rows, at the most.
    pub fn new(encoder: Box<dyn Encode>, rows_max: usize) -> Self {
        Self {
            header: encoder.header(),
            encoder,
            bytes: Vec::new(),
            row_count: 0,
            rows_max,
        }
    }

    /// Takes rows from this one on, as many as there is room for; says how many. The two images of an update stay together.
    pub fn take_in(&mut self, batch: &EventBatch, first: usize) -> Result<usize> {
        let left = batch.num_rows() - first;
        let mut length = left.min(self.rows_max.saturating_sub(self.row_count));
        if length > 0 && length < left && batch.kind(first + length - 1) == RowKind::UpdateBefore {
            length += 1;
        }
        if self.row_count == 0 {
            self.bytes.extend_from_slice(&self.header);
        }
        self.encoder
            .encode_stream(&batch.slice(first, length), &mut self.bytes)?;
        self.row_count += length;
        Ok(length)
    }

    /// Whether there is no room left.
    pub fn is_full(&self) -> bool {
        self.row_count >= self.rows_max
    }

    /// Ends the body, if there is anything in it. The next one begins.
    pub fn end(&mut self) -> Option<Bytes> {
        let is_empty = self.row_count == 0 || self.bytes.len() == self.header.len();
        self.row_count = 0;
        let bytes = std::mem::take(&mut self.bytes);
        (!is_empty).then(|| Bytes::from(bytes))
    }
}
