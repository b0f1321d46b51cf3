//! Rows to bytes.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::MetadataVersion;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use bytes::Bytes;
use eventflux_core::batch::EventBatch;
use eventflux_core::state::segment::Compression;

use super::columns::{flags, wire_columns, wire_schema};
use super::schema::encode_schema;

/// What 128-bit numbers need to be read in place.
const ALIGNMENT_BYTES: u8 = 16;

const CONTINUATION: [u8; 4] = [0xff; 4];

/// The body of one frame of rows, and what its header says of it.
#[derive(Debug, Clone)]
pub struct EncodedRows {
    /// The body, compressed.
    pub body: Vec<Bytes>,
    /// How.
    pub codec: Compression,
    /// What stands behind the stream's columns.
    pub flags: u8,
    /// Bytes of the decompressed body.
    pub raw_bytes: usize,
}

/// Encodes the batches of one channel.
pub struct RowEncoder {
    compression: Compression,
    options: IpcWriteOptions,
    context: IpcWriteContext,
    tracker: DictionaryTracker,
    schema: Option<SchemaRef>,
    /// The columns on the wire, by flags, once there were such rows.
    wire: [Option<SchemaRef>; 4],
}

impl std::fmt::Debug for RowEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowEncoder")
            .field("compression", &self.compression)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl RowEncoder {
    /// Before the first batch.
    ///
    /// **Errors** None that a caller could cause.
    pub fn new(compression: Compression) -> Result<Self, String> {
        let options = IpcWriteOptions::try_new(usize::from(ALIGNMENT_BYTES), false, MetadataVersion::V5);
        Ok(Self {
            compression,
            options: options.map_err(|error| error.to_string())?,
            context: IpcWriteContext::default(),
            tracker: DictionaryTracker::new(true),
            schema: None,
            wire: Default::default(),
        })
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
        self.wire = Default::default();
        Ok(Some(message))
    }

    /// The body of a frame with these rows, whose schema has gone ahead.
    ///
    /// **Errors** Arrow or the compression refuses them.
    pub fn rows(&mut self, batch: &EventBatch) -> Result<EncodedRows, String> {
        let flags = flags(batch);
        let known = self.schema.as_deref();
        let wire = self.wire[usize::from(flags)]
            .get_or_insert_with(|| wire_schema(known.unwrap_or(&Schema::empty()), flags));
        let rows = RecordBatch::try_new(Arc::clone(wire), wire_columns(batch));
        let encoded = rows.and_then(|rows| {
            IpcDataGenerator::default().encode(&rows, &mut self.tracker, &self.options, &mut self.context)
        });
        let (_, encoded) = encoded.map_err(|error| error.to_string())?;
        let metadata = encapsulated(&encoded.ipc_message);
        let raw_bytes = metadata.len() + encoded.arrow_data.len();
        let plain =
            |metadata: Vec<u8>, data: Vec<u8>| (Compression::None, vec![metadata.into(), data.into()]);
        let (codec, body) = match self.compression {
            Compression::None => plain(metadata, encoded.arrow_data),
            compression => {
                let bytes = [&metadata[..], &encoded.arrow_data].concat();
                let compressed = compression
                    .compressed(&bytes)
                    .map_err(|error| error.to_string())?;
                match compressed.len() < raw_bytes {
                    true => (compression, vec![compressed.into()]),
                    false => plain(metadata, encoded.arrow_data),
                }
            }
        };
        Ok(EncodedRows {
            body,
            codec,
            flags,
            raw_bytes,
        })
    }
}

/// A message's metadata with its length in front, so long that the body behind it is aligned.
fn encapsulated(message: &[u8]) -> Vec<u8> {
    let alignment = usize::from(ALIGNMENT_BYTES);
    let length = (8 + message.len()).next_multiple_of(alignment);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(CONTINUATION);
    bytes.extend(u32::try_from(length - 8).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(message);
    bytes.resize(length, 0);
    bytes
}
