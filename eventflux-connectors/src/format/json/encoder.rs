//! Rows as JSON objects.

use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::batch::json::JsonRows;
use eventflux_core::connector::{Encode, Messages};

/// Encodes rows as objects, one per line or message. A message has a key if the rows have one: the object of its columns.
#[derive(Debug, Clone)]
pub struct JsonEncoder {
    /// The key's columns.
    pub(super) key: Vec<usize>,
}

impl Encode for JsonEncoder {
    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()> {
        let rows = JsonRows::new(batch.rows())?;
        for row in 0..batch.num_rows() {
            rows.write(row, out);
            out.push(b'\n');
        }
        Ok(())
    }

    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()> {
        let rows = JsonRows::new(batch.rows())?;
        let keys = JsonRows::of_columns(batch.rows(), &self.key)?;
        for row in 0..batch.num_rows() {
            if !self.key.is_empty() {
                messages.key(|out| keys.write(row, out));
            }
            messages.value(|out| rows.write(row, out));
            messages.end(row);
        }
        Ok(())
    }
}
