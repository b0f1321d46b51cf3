//! Rows from a stream of bytes.

use arrow::array::RecordBatch;
use eventflux_core::Result;
use eventflux_core::operator::BadRow;

use super::{ByteInput, Fill, RecordReader, io_failed};

/// Rows and bad rows of one stream.
pub struct Decoded {
    /// The good rows, payload columns only.
    pub rows: RecordBatch,
    /// The bad rows, with the stream's name as their partition.
    pub bad: Vec<BadRow>,
}

/// A stream of bytes and what decodes it.
pub struct ByteStream {
    connector: &'static str,
    name: String,
    input: ByteInput,
    reader: RecordReader,
}

impl ByteStream {
    /// A stream that errors and bad rows call by this name.
    pub fn new(
        connector: &'static str,
        name: impl Into<String>,
        input: ByteInput,
        reader: RecordReader,
    ) -> Self {
        Self {
            connector,
            name: name.into(),
            input,
            reader,
        }
    }

    /// Where a restart continues.
    pub fn offset(&self) -> u64 {
        self.reader.offset()
    }

    /// Lets go of the input; the reader can be used for another one.
    pub fn into_reader(self) -> RecordReader {
        self.reader
    }

    /// Waits for rows, `rows_max` at the most and what is at hand at the least; `None` is the end. Cancel-safe: nothing
    /// is decoded and not handed on while it waits.
    pub async fn next(&mut self, rows_max: usize) -> Result<Option<Decoded>> {
        loop {
            if self.reader.decode(rows_max)? || self.reader.has_ended() {
                return self.take();
            }
            let skip = self.reader.take_skip();
            if skip > 0 {
                self.input
                    .skip(skip)
                    .map_err(|error| io_failed(self.connector, &self.name, error))?;
            }
            let fill = self.input.try_read(self.reader.space());
            match fill.map_err(|error| io_failed(self.connector, &self.name, error))? {
                Fill::Bytes(0) => self.reader.finish(),
                Fill::Bytes(byte_count) => self.reader.advance(byte_count),
                Fill::Pending => {
                    if let Some(decoded) = self.take()? {
                        return Ok(Some(decoded));
                    }
                    let waited = self.input.wait().await;
                    waited.map_err(|error| io_failed(self.connector, &self.name, error))?;
                }
            }
        }
    }

    fn take(&mut self) -> Result<Option<Decoded>> {
        let Some((rows, mut bad)) = self.reader.take()? else {
            return Ok(None);
        };
        for row in &mut bad {
            row.partition = Some(self.name.clone());
        }
        Ok(Some(Decoded { rows, bad }))
    }
}
