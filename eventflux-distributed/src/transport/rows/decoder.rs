//! Bytes to rows.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::state::segment::Compression;

use super::body::{Body, too_large, too_short};
use super::column::column;
use super::schema::decode_schema;
use crate::transport::frame::{FLAG_KINDS, FLAG_PACKED, FLAG_PARTIAL, Header};
use crate::transport::pool::Pool;

const KINDS: [RowKind; 4] = [
    RowKind::Insert,
    RowKind::UpdateBefore,
    RowKind::UpdateAfter,
    RowKind::Delete,
];

/// Decodes the batches of one channel.
#[derive(Debug, Default)]
pub struct RowDecoder {
    schema: Option<SchemaRef>,
    /// For what is decompressed.
    pool: Pool,
}

impl RowDecoder {
    /// Takes the body of a frame that describes columns: those of the rows that follow.
    ///
    /// **Errors** It is no such description, or one of columns that are not sent.
    pub fn schema(&mut self, body: &[u8]) -> Result<(), String> {
        self.schema = Some(decode_schema(body)?);
        Ok(())
    }

    /// The rows of a frame.
    ///
    /// **Errors** The body is not what it should be.
    pub fn rows(&mut self, header: &Header, body: &Bytes) -> Result<EventBatch, String> {
        let is_packed = header.flags & FLAG_PACKED != 0;
        let packed = is_packed.then_some(header.raw_bytes as usize);
        let bytes = match header.codec {
            Compression::None => Buffer::from(body.clone()),
            codec => {
                let (raw_bytes, body) = match is_packed {
                    true => packed_bytes(header, body)?,
                    false => (header.raw_bytes as usize, &body[..]),
                };
                codec.check_size(body.len(), raw_bytes)?;
                let mut raw = self.pool.take(raw_bytes);
                codec.decompress_into(body, raw.as_mut())?;
                Buffer::from(raw.freeze())
            }
        };
        let schema = self.schema.as_ref().ok_or("rows before their columns")?;
        let mut body = Body::open(bytes, packed)?;
        let row_count = body.row_count();
        let columns = schema.fields().iter().map(|field| {
            let column = column(field.data_type(), row_count, &mut body);
            column.map_err(|message| format!("column `{}`: {message}", field.name()))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(row_count));
        let columns = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options);
        let columns = columns.map_err(|error| format!("rows: {error}"))?;
        let times = body.integers::<i64>(row_count)?;
        let mut batch = EventBatch::new(columns, times).map_err(|error| error.to_string())?;
        if header.flags & FLAG_KINDS != 0 {
            let kinds = body.buffer(row_count)?;
            let kinds = kinds.iter().map(|kind| KINDS.get(usize::from(*kind)).copied());
            let kinds = kinds.collect::<Option<_>>().ok_or("rows of an unknown kind")?;
            batch = batch.with_kinds(Some(kinds)).map_err(|error| error.to_string())?;
        }
        body.end()?;
        if header.flags & FLAG_PARTIAL != 0 {
            batch = batch.as_partial();
        }
        Ok(batch)
    }
}

/// How long a compressed body is before its integers are unpacked, and the rest of it.
fn packed_bytes<'a>(header: &Header, body: &'a [u8]) -> Result<(usize, &'a [u8]), String> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(too_short)?;
    let length = u32::from_le_bytes(*length);
    match length <= header.raw_bytes {
        true => Ok((length as usize, rest)),
        false => Err(too_large()),
    }
}
