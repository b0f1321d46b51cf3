//! Rows to bytes.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use eventflux_core::batch::EventBatch;
use eventflux_core::state::segment::Compression;

use super::layout::Layout;
use super::schema::encode_schema;
use crate::transport::frame::{FLAG_KINDS, FLAG_PACKED, FLAG_PARTIAL};

/// Memory for compression that a channel keeps at the most.
const KEPT_BYTES_MAX: usize = 256 << 10;

/// The body of one frame of rows, and what its header says of it.
#[derive(Debug, Clone)]
pub struct EncodedRows {
    /// The body, compressed.
    pub body: Vec<Bytes>,
    /// How.
    pub codec: Compression,
    /// What stands behind the stream's columns, and whether integers may be packed.
    pub flags: u8,
    /// Bytes of the body, decompressed and unpacked.
    pub raw_bytes: usize,
}

/// Encodes the batches of one channel.
#[derive(Debug)]
pub struct RowEncoder {
    compression: Compression,
    schema: Option<SchemaRef>,
    layout: Layout,
    /// What is to be compressed, and what it becomes; kept for their memory.
    raw: Vec<u8>,
    compressed: Vec<u8>,
}

impl RowEncoder {
    /// Before the first batch.
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            schema: None,
            layout: Layout::default(),
            raw: Vec::new(),
            compressed: Vec::new(),
        }
    }

    /// The message that must go ahead of these rows, if their columns are not those of the rows before.
    ///
    /// **Errors** Columns of this type are not sent.
    pub fn schema(&mut self, schema: &SchemaRef) -> Result<Option<Vec<u8>>, String> {
        let known = self.schema.as_ref();
        if known.is_some_and(|known| Arc::ptr_eq(known, schema) || known == schema) {
            return Ok(None);
        }
        let message = encode_schema(schema)?;
        self.schema = Some(Arc::clone(schema));
        Ok(Some(message))
    }

    /// The body of a frame with these rows, whose schema has gone ahead.
    ///
    /// **Errors** The compression refuses them.
    pub fn rows(&mut self, batch: &EventBatch) -> Result<EncodedRows, String> {
        self.layout.read(batch)?;
        let (codec, body) = match self.compressed()? {
            Some(compressed) => (self.compression, compressed),
            None => (Compression::None, self.layout.pieces()),
        };
        let packed = if self.layout.is_packed() { FLAG_PACKED } else { 0 };
        let raw_bytes = self.layout.unpacked_bytes();
        self.layout.clear();
        Ok(EncodedRows {
            body,
            codec,
            flags: flags(batch) | packed,
            raw_bytes,
        })
    }

    /// The body, compressed, if that makes it shorter.
    fn compressed(&mut self) -> Result<Option<Vec<Bytes>>, String> {
        if self.compression == Compression::None {
            return Ok(None);
        }
        let length = self.layout.body_bytes();
        let is_packed = self.layout.is_packed();
        // It is told how long they are before they are unpacked.
        let front = is_packed.then(|| u32::try_from(length).unwrap_or(u32::MAX));
        let front = front.map(|length| Bytes::copy_from_slice(&length.to_le_bytes()));
        self.raw.clear();
        self.layout.write(&mut self.raw);
        let result = self.compression.compress_into(&self.raw, &mut self.compressed);
        let front_bytes = front.as_ref().map_or(0, Bytes::len);
        let is_shorter = self.compressed.len() + front_bytes < length;
        let compressed = is_shorter.then(|| Bytes::copy_from_slice(&self.compressed));
        if self.raw.capacity() > KEPT_BYTES_MAX {
            (self.raw, self.compressed) = (Vec::new(), Vec::new());
        }
        result.map_err(|error| error.to_string())?;
        Ok(compressed.map(|compressed| front.into_iter().chain([compressed]).collect()))
    }
}

fn flags(batch: &EventBatch) -> u8 {
    let kinds = if batch.kinds().is_some() { FLAG_KINDS } else { 0 };
    let partial = if batch.is_partial() { FLAG_PARTIAL } else { 0 };
    kinds | partial
}
