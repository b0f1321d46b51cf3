//! All inputs as one. The runtime merges their watermarks, so nothing is left to do but to hand rows on.

use super::{Operator, Output};
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::Result;
use crate::state::{StateReader, StateWriter};

/// Hands on the rows of all inputs as they come.
#[derive(Debug, Default)]
pub struct Union;

impl Operator for Union {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        out.emit(batch)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _epoch: u64, _state: &mut dyn StateWriter) -> Result<()> {
        Ok(())
    }

    fn restore(&mut self, _state: &mut dyn StateReader) -> Result<()> {
        Ok(())
    }
}
