//! Encodes rows and gathers their bytes.

use std::io::{self, Write};

use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::Encode;

use super::CHUNK_BYTES;

/// A buffer between an encoder and a stream of bytes. It holds whole records only.
pub struct RecordWriter {
    encoder: Box<dyn Encode>,
    buffer: Vec<u8>,
}

impl RecordWriter {
    /// A writer with this encoder.
    pub fn new(encoder: Box<dyn Encode>) -> Self {
        Self {
            encoder,
            buffer: Vec::new(),
        }
    }

    /// A stream begins: what stands at its head comes first.
    pub fn begin(&mut self) {
        self.buffer.extend(self.encoder.header());
    }

    /// Takes rows.
    pub fn encode(&mut self, batch: &EventBatch) -> Result<()> {
        self.encoder.encode_stream(batch, &mut self.buffer)
    }

    /// Whether it is time to write.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= CHUNK_BYTES
    }

    /// Bytes that wait to be written.
    pub fn buffered_bytes(&self) -> u64 {
        self.buffer.len() as u64
    }

    /// Writes everything. What could not be written is lost with the error: the sink has failed.
    pub fn write_out(&mut self, target: &mut impl Write) -> io::Result<()> {
        let written = target.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}
