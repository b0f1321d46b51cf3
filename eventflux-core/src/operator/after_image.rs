//! A changelog as the stream of its after-images: `+I` and `+U` become rows, `-U` and `-D` are dropped.

use arrow::array::BooleanArray;

use super::{Operator, Output};
use crate::batch::{EventBatch, RowKind};
use crate::element::Watermark;
use crate::error::Result;
use crate::state::{StateReader, StateWriter};

/// Drops what is taken back and makes insertions of the rest.
#[derive(Debug, Default)]
pub struct AfterImage;

impl Operator for AfterImage {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let Some(kinds) = batch.kinds() else {
            return out.emit(batch);
        };
        let is_kept = kinds
            .iter()
            .map(|kind| RowKind::is_addition(*kind))
            .collect::<Vec<_>>();
        let kept = if is_kept.contains(&false) {
            batch.filter(&BooleanArray::from(is_kept))?
        } else {
            batch
        };
        out.emit(kept.with_kinds(None)?)
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
