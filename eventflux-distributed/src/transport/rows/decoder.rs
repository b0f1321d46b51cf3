//! Bytes to rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::RecordBatchDecoder;
use arrow::ipc::{MetadataVersion, root_as_message};
use bytes::Bytes;
use eventflux_core::batch::EventBatch;
use eventflux_core::state::segment::Compression;

use super::check::check_batch;
use super::columns::{from_wire, wire_schema};
use super::schema::decode_schema;
use crate::transport::frame::Header;

/// Decodes the batches of one channel.
#[derive(Debug, Default)]
pub struct RowDecoder {
    schema: Option<SchemaRef>,
    /// The columns on the wire, by flags, once there were such rows.
    wire: [Option<SchemaRef>; 4],
}

impl RowDecoder {
    /// Takes the body of a frame that describes columns: those of the rows that follow.
    ///
    /// **Errors** It is no such description, or one of columns that are not sent.
    pub fn schema(&mut self, body: &[u8]) -> Result<(), String> {
        self.schema = Some(decode_schema(body)?);
        self.wire = Default::default();
        Ok(())
    }

    /// The rows of a frame.
    ///
    /// **Errors** The body is not what it should be.
    pub fn rows(&mut self, header: &Header, body: &Bytes) -> Result<EventBatch, String> {
        let raw_bytes = header.raw_bytes as usize;
        let bytes = match header.codec {
            Compression::None => Buffer::from(body.clone()),
            codec => Buffer::from_vec(codec.decompress(body, raw_bytes)?),
        };
        let schema = self.schema.as_ref().ok_or("rows before their columns")?;
        let wire =
            self.wire[usize::from(header.flags & 3)].get_or_insert_with(|| wire_schema(schema, header.flags));
        let (message, at) = message(&bytes)?;
        let message = root_as_message(message).map_err(|error| format!("rows: {error}"))?;
        let batch = message.header_as_record_batch().ok_or("rows that are none")?;
        if message.version() != MetadataVersion::V5 {
            return Err("rows of another version of Arrow's".to_owned());
        }
        let data = bytes.slice(at);
        check_batch(wire.fields(), batch, data.len())?;
        let dictionaries = HashMap::new();
        let version = message.version();
        let decoder = RecordBatchDecoder::try_new(&data, batch, Arc::clone(wire), &dictionaries, &version);
        let rows = decoder
            .and_then(RecordBatchDecoder::read_record_batch)
            .map_err(|error| format!("rows: {error}"))?;
        from_wire(schema, header.flags, &rows)
    }
}

/// The metadata of an encapsulated message, and where its body begins.
fn message(bytes: &[u8]) -> Result<(&[u8], usize), String> {
    let too_short = || "rows that end too early".to_owned();
    let (continuation, rest) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
    if *continuation != [0xff; 4] {
        return Err("rows that are no message".to_owned());
    }
    let length = u32::from_le_bytes(*length) as usize;
    let (metadata, _) = rest.split_at_checked(length).ok_or_else(too_short)?;
    Ok((metadata, 8 + length))
}
