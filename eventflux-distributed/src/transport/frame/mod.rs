//! Frames: what travels a link. `docs/internals/frames.md` draws them byte by byte.
//!
//! **Invariants** A header says how many bytes follow; that is checked against what its type allows, and against what the receiver
//! granted, before anything is allocated. Header and body are covered by a checksum.

mod body;
mod control;
mod frame_type;
mod header;
mod reader;
mod writer;

pub use body::{Body, Frame};
pub use control::{decode_barrier, decode_hello, decode_open, encode_barrier, encode_hello, encode_open};
pub(crate) use control::{decode_text, decode_u64, encode_text};
pub use frame_type::FrameType;
pub use header::{
    BODY_BYTES_MAX, FLAG_KINDS, FLAG_PACKED, FLAG_PARTIAL, HEADER_BYTES, Header, MAGIC, VERSION,
};
pub use reader::FrameReader;
pub use writer::FrameWriter;
pub(crate) use writer::encode;
