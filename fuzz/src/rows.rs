//! A schema, and the body of rows behind it, are decoded or refused: `length of the schema u16, codec u8, flags u8, raw length u32,
//! schema, body`.

use bytes::Bytes;
use eventflux_core::state::segment::Compression;
use eventflux_distributed::transport::frame::{FrameType, Header};
use eventflux_distributed::transport::rows::RowDecoder;

/// One input.
pub fn run(bytes: &[u8]) {
    let Some((front, rest)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes([front[0], front[1]]));
    let Some((schema, body)) = rest.split_at_checked(length) else {
        return;
    };
    let Some(codec) = Compression::from_code(front[2]) else {
        return;
    };
    let mut decoder = RowDecoder::default();
    if decoder.schema(schema).is_err() {
        return;
    }
    let header = Header {
        codec,
        flags: front[3] & 13,
        // What a sender could have been granted.
        raw_bytes: u32::from_le_bytes([front[4], front[5], front[6], front[7]]).min(1 << 20),
        ..Header::new(FrameType::Rows)
    };
    if let Ok(batch) = decoder.rows(&header, &Bytes::copy_from_slice(body)) {
        // What was decoded can be used.
        let _ = format!("{:?}", batch.rows());
    }
}
