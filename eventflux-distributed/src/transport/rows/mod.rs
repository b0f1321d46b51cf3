//! Batches as bytes: Arrow IPC messages.
//!
//! **Shapes** The columns of a channel are described once, by a schema message. The body of a frame of rows is one encapsulated
//! record batch message whose columns are those of the stream, then the event times (`Int64`), then, by the frame's flags, the row
//! kinds (`UInt8`) and the hashes of keys (`UInt64`).
//!
//! **Invariants** Arrow's reader panics on what it does not expect, so everything that it will look at is checked before.

mod check;
mod columns;
mod decoder;
mod encoder;
mod schema;

pub use decoder::RowDecoder;
pub use encoder::{EncodedRows, RowEncoder};

#[cfg(test)]
mod rows_test;
