//! Counts what an operator emits.

use super::Next;
use crate::element::StreamElement;
use crate::error::Result;
use crate::metrics::{Cells, Metric};
use crate::operator::Collector;

/// The way from an operator to what follows it.
pub(crate) struct Emit<'a> {
    pub(crate) next: &'a mut Next,
    pub(crate) cells: &'a Cells,
}

impl Collector for Emit<'_> {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        match &element {
            StreamElement::Batch(batch) => self.cells.add(Metric::RowsOut, batch.num_rows() as u64),
            StreamElement::Watermark(watermark) => self.cells.set(Metric::WatermarkUs, *watermark),
            _ => {}
        }
        self.next.collect(element)
    }
}
