//! Decoders: bytes to columns, without rows in between.

use arrow::array::RecordBatch;
use bytes::Bytes;

use super::{FormatDoc, OptionError, Options};
use crate::error::Result;
use crate::operator::BadRow;
use crate::plan::SourceColumn;

/// A format that can be read.
pub trait DecodeFormat: Send + Sync {
    /// Its page.
    fn doc(&self) -> &'static FormatDoc;

    /// A function that makes decoders, one per subtask.
    fn plan(&self, request: &DecodeRequest<'_>) -> Result<Box<dyn Fn() -> Box<dyn Decode> + Send + Sync>, OptionError>;
}

/// What a decoder is asked for.
pub struct DecodeRequest<'a> {
    /// The payload's columns, in this order; metadata columns are the connector's business.
    pub columns: &'a [SourceColumn],
    /// The format's options (the connector has taken its own).
    pub options: &'a Options,
}

/// Decodes payloads into the columns of one batch.
///
/// A byte stream (a file, standard input) is cut into records by the decoder, since only it knows where a record ends; a
/// message (Kafka, a web hook) is decoded whole and may hold several records.
pub trait Decode: Send {
    /// Takes as many whole records from the front of a byte stream as there are, `rows_max` at the most, and returns how
    /// many bytes they took. `offset` is that of the first byte, `is_end` says that nothing follows. A record longer than
    /// the given bytes waits for more: 0 is returned, and the caller comes back with a longer run. A record of more than
    /// the format's limit (64 MiB) is skipped as a bad row.
    fn decode_stream(
        &mut self,
        bytes: &[u8],
        offset: u64,
        is_end: bool,
        rows_max: usize,
        bad: &mut Vec<BadRow>,
    ) -> Result<usize>;

    /// Takes one message and returns how many rows it gave. `position` completes the bad rows.
    fn decode_message(&mut self, message: &[u8], offset: i64, bad: &mut Vec<BadRow>) -> Result<usize>;

    /// Rows decoded since the last [`Decode::take`].
    fn row_count(&self) -> usize;

    /// The rows decoded so far as columns.
    fn take(&mut self) -> Result<RecordBatch>;
}

/// The most bytes of a bad record that are kept: 64 KiB.
pub const BAD_RECORD_BYTES_MAX: usize = 64 << 10;

/// The raw bytes of a bad record, cut to the limit.
pub fn raw_of(record: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&record[..record.len().min(BAD_RECORD_BYTES_MAX)])
}
