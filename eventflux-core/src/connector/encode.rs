//! Encoders: columns to bytes.

use arrow::datatypes::SchemaRef;

use super::{FormatDoc, Messages, OptionError, Options};
use crate::batch::EventBatch;
use crate::error::Result;

/// What rows a sink or format takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SinkInput {
    /// Insertions only.
    Append,
    /// Insertions, after-images and deletions by PRIMARY KEY; `-U` rows are left out.
    Upsert,
    /// Every row with its kind.
    Changelog,
}

/// A format that can be written.
pub trait EncodeFormat: Send + Sync {
    /// Its page.
    fn doc(&self) -> &'static FormatDoc;

    /// What rows it can express.
    fn input(&self) -> SinkInput;

    /// A function that makes encoders, one per subtask.
    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError>;
}

/// Makes encoders, one per subtask.
pub type EncoderMaker = Box<dyn Fn() -> Box<dyn Encode> + Send + Sync>;

/// What an encoder is asked for.
pub struct EncodeRequest<'a> {
    /// The columns.
    pub schema: &'a SchemaRef,
    /// Indices of the key's columns; empty without one.
    pub key: &'a [usize],
    /// The format's options (the connector has taken its own).
    pub options: &'a Options,
}

/// Encodes batches.
pub trait Encode: Send {
    /// What a byte stream begins with, such as a CSV header.
    fn header(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Appends all rows to a byte stream, each with its terminator.
    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()>;

    /// Appends the rows as messages. A row may give none (an upsert leaves out `-U`), and two rows may give one (the two
    /// images of an update).
    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()>;
}
