//! Cuts a run of bytes into records and decodes them.

use arrow::array::RecordBatch;
use eventflux_core::connector::{Decode, RECORD_BYTES_MAX};
use eventflux_core::operator::BadRow;
use eventflux_core::{Error, Result};

use super::CHUNK_BYTES;

/// The most bytes that are held: a record of the longest kind, and the chunk in which the decoder sees that it is too long.
const BUFFER_BYTES_MAX: usize = RECORD_BYTES_MAX + 2 * CHUNK_BYTES;

/// A buffer between a stream of bytes and a decoder. Who owns it reads into [`RecordReader::space`].
///
/// ```text
///   Head ── begin() knows the head ──> Records ── finish(), all decoded ──> ended
///     │                                  ^
///     └─ resumed further on: take_skip ──┘
/// ```
///
/// **Units** Offsets are bytes of the (decompressed) stream.
pub struct RecordReader {
    decoder: Box<dyn Decode>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[start]`.
    offset: u64,
    /// Where reading continues: set until the head is known.
    resume_at: Option<u64>,
    skip: u64,
    is_end: bool,
    bad: Vec<BadRow>,
}

impl RecordReader {
    /// A reader of a stream that is given from its beginning; records before `resume_at` have been read before.
    pub fn new(decoder: Box<dyn Decode>, resume_at: u64) -> Self {
        Self {
            decoder,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            resume_at: Some(resume_at),
            skip: 0,
            is_end: false,
            bad: Vec::new(),
        }
    }

    /// Goes on with another stream.
    pub fn restart(&mut self, resume_at: u64) {
        (self.start, self.end, self.offset) = (0, 0, 0);
        (self.resume_at, self.skip, self.is_end) = (Some(resume_at), 0, false);
    }

    /// Where to put the next bytes; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            // A giant record has passed: its memory is not kept.
            if self.buffer.len() > 4 * CHUNK_BYTES {
                self.buffer = Vec::new();
            }
        }
        if self.buffer.len() - self.end < CHUNK_BYTES / 4 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.buffer.len() - self.end < CHUNK_BYTES / 4 {
                let length =
                    (self.buffer.len() * 2).clamp(CHUNK_BYTES, BUFFER_BYTES_MAX.max(self.end + CHUNK_BYTES));
                self.buffer.resize(length, 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were put into [`RecordReader::space`].
    pub fn advance(&mut self, byte_count: usize) {
        self.end += byte_count;
    }

    /// Nothing follows.
    pub fn finish(&mut self) {
        self.is_end = true;
    }

    /// Bytes that are to be left out before the next ones: the reader was resumed further on.
    pub fn take_skip(&mut self) -> u64 {
        std::mem::take(&mut self.skip)
    }

    /// Whether every record has been decoded.
    pub fn has_ended(&self) -> bool {
        self.is_end && self.start == self.end
    }

    /// Offset of the first byte that is not decoded: where a restart continues, once the rows are taken.
    pub fn offset(&self) -> u64 {
        match self.resume_at {
            Some(resume_at) => resume_at,
            None => self.offset,
        }
    }

    /// Decodes what has come, until there are `rows_max` rows; returns whether there are.
    pub fn decode(&mut self, rows_max: usize) -> Result<bool> {
        if !self.has_begun()? {
            return Ok(false);
        }
        loop {
            // Bad rows count too: a stream of nothing but bad rows has to be handed on in pieces.
            let row_count = self.decoder.row_count() + self.bad.len();
            if row_count >= rows_max {
                return Ok(true);
            }
            if self.start == self.end {
                return Ok(false);
            }
            let bytes = &self.buffer[self.start..self.end];
            let wanted = rows_max - row_count;
            let taken = self
                .decoder
                .decode_stream(bytes, self.offset, self.is_end, wanted, &mut self.bad)?;
            if taken == 0 && self.is_end {
                return Err(Error::Bug(format!(
                    "a decoder leaves {} bytes at the end",
                    bytes.len()
                )));
            }
            if taken == 0 {
                return Ok(false);
            }
            self.start += taken;
            self.offset += taken as u64;
        }
    }

    /// The rows decoded so far; `None` if there are neither good nor bad ones.
    pub fn take(&mut self) -> Result<Option<(RecordBatch, Vec<BadRow>)>> {
        if self.decoder.row_count() == 0 && self.bad.is_empty() {
            return Ok(None);
        }
        Ok(Some((self.decoder.take()?, std::mem::take(&mut self.bad))))
    }

    /// Gets past the head; `false` asks for more bytes.
    fn has_begun(&mut self) -> Result<bool> {
        let Some(resume_at) = self.resume_at else {
            return Ok(true);
        };
        let Some(head) = self
            .decoder
            .begin(&self.buffer[self.start..self.end], self.is_end)?
        else {
            if self.is_end {
                return Err(Error::Bug("a decoder asks for more than there is".into()));
            }
            return Ok(false);
        };
        let target = resume_at.max(head as u64);
        let within = usize::try_from(target)
            .unwrap_or(usize::MAX)
            .min(self.end - self.start);
        self.start += within;
        self.skip = target - within as u64;
        self.offset = target;
        self.resume_at = None;
        Ok(self.skip == 0)
    }
}
