//! Streams of bytes (files, standard input and output) to rows and back.
//!
//! Reading: a [`ByteInput`] gives bytes, a [`RecordReader`] cuts them into records and decodes, a [`ByteStream`] is both.
//! Writing: a [`RecordWriter`] encodes and gathers.

mod byte_input;
mod byte_offset;
mod byte_stream;
mod compression;
mod io_failure;
mod pipe;
mod record_reader;
mod record_writer;

pub use byte_input::{ByteInput, Fill, SkipRead};
pub use byte_offset::byte_offset;
pub use byte_stream::ByteStream;
pub use compression::Compression;
pub use io_failure::{io_failed, io_message};
pub use pipe::Pipe;
pub use record_reader::RecordReader;
pub use record_writer::RecordWriter;

/// Bytes read or written at once. Small enough to stay in a core's own cache between the copy and the parser.
const CHUNK_BYTES: usize = 256 << 10;
