//! Batches as bytes: the buffers of Arrow columns, one behind the other, and what is needed to tell them apart.
//!
//! **Shapes** The columns of a channel are described once, by an Arrow schema message. The body of a frame of rows begins with a few
//! numbers; its buffers are those that Arrow's own format would have, in the same order: the columns of the stream, then the event
//! times, then, by the frame's flags, the row kinds. Integers of large batches are packed.
//!
//! ```text
//! 4   rows u32
//! 4   length u32 of all up to the first buffer, a multiple of 16
//! …   numbers u32, column by column, each followed by those of the columns within it:
//!       NULLs; of views also how many buffers of bytes they refer to, and the length of each; where integers may be packed, of those
//!       and of offsets the bytes that each has here and, if it is packed, the least of them, u64
//! …   buffers, column by column, each padded with zeros to a multiple of 16:
//!       validity, if there are NULLs; offsets from 0, views or values; bytes; then those of the columns within it
//! ```
//!
//! A buffer's length is told by the count of its values, or by the last of the offsets before it.
//!
//! **Invariants** Large buffers that are not packed are never copied on their way out, and none on its way in. No bytes make the decoder
//! panic, nor take more memory than the header says.

mod body;
mod column;
mod decoder;
mod encoder;
mod layout;
mod packing;
mod schema;
mod size;

pub use decoder::RowDecoder;
pub use encoder::{EncodedRows, RowEncoder};
pub(in crate::transport) use size::batch_bytes;

#[cfg(test)]
mod rows_test;
