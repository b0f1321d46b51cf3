//! Decoders: bytes to columns, without rows in between.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
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
    fn plan(&self, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError>;
}

/// Makes decoders, one per subtask.
pub type DecoderMaker = Box<dyn Fn() -> Box<dyn Decode> + Send + Sync>;

/// What a decoder is asked for.
pub struct DecodeRequest<'a> {
    /// The payload's columns, in this order; metadata columns are the connector's business.
    pub columns: &'a [SourceColumn],
    /// All payload columns as declared, of which `columns` are the used ones: formats that go by position need the rest.
    pub declared: &'a SchemaRef,
    /// The format's options (the connector has taken its own).
    pub options: &'a Options,
}

/// Decodes payloads into the columns of one batch.
///
/// A byte stream (a file, standard input) is cut into records by the decoder, since only it knows where a record ends; a
/// message (Kafka, a web hook) is decoded whole and may hold several records.
pub trait Decode: Send {
    /// A byte stream begins, with these bytes: the head of a file, also where reading will continue further on, or of
    /// standard input. Returns how many of them come before the first record (a byte order mark, a CSV header), where
    /// reading begins; `None` asks for a longer head. What was learnt from the stream before is forgotten. Messages have
    /// no head.
    ///
    /// **Errors** The head contradicts the declared columns.
    fn begin(&mut self, head: &[u8], is_end: bool) -> Result<Option<usize>> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        Ok(match head {
            _ if head.starts_with(MARK) => Some(MARK.len()),
            _ if !is_end && MARK.starts_with(head) => None,
            _ => Some(0),
        })
    }

    /// Takes as many whole records from the front of a byte stream as there are, `rows_max` at the most (bad ones count),
    /// and returns how many bytes they took. `offset` is that of the first byte, `is_end` says that nothing follows. A record longer than
    /// the given bytes waits for more: 0 is returned, and the caller comes back with a longer run (twice as long, so that
    /// the work stays linear). A record of more than [`RECORD_BYTES_MAX`] is skipped as a bad row, piece by piece.
    fn decode_stream(
        &mut self,
        bytes: &[u8],
        offset: u64,
        is_end: bool,
        rows_max: usize,
        bad: &mut Vec<BadRow>,
    ) -> Result<usize>;

    /// Takes one message and returns how many rows it gave; `offset` is that of the bad rows. The caller takes the rows
    /// before there are more than some hundred MiB of messages: a text column holds 2 GiB.
    fn decode_message(&mut self, message: &[u8], offset: i64, bad: &mut Vec<BadRow>) -> Result<usize>;

    /// Rows decoded since the last [`Decode::take`].
    fn row_count(&self) -> usize;

    /// The rows decoded so far as columns.
    fn take(&mut self) -> Result<RecordBatch>;
}

/// The most bytes of a record: 64 MiB.
pub const RECORD_BYTES_MAX: usize = 64 << 20;

/// The most bytes of a bad record that are kept: 64 KiB.
pub const BAD_RECORD_BYTES_MAX: usize = 64 << 10;

/// The raw bytes of a bad record, cut to the limit.
pub fn raw_of(record: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&record[..record.len().min(BAD_RECORD_BYTES_MAX)])
}
