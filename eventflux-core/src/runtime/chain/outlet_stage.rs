//! An output of this process at the end of a chain.

use std::sync::Arc;

use super::catch_panic;
use crate::element::StreamElement;
use crate::error::Result;
use crate::metrics::Metric;
use crate::operator::Collector;
use crate::runtime::in_process::Outlet;
use crate::runtime::meter::OperatorEntry;
use crate::runtime::task::Task;

/// Hands rows to callbacks and row streams.
pub(crate) struct OutletStage {
    outlet: Outlet,
    entry: Arc<OperatorEntry>,
    task: Arc<Task>,
}

impl OutletStage {
    pub(crate) fn new(outlet: Outlet, entry: Arc<OperatorEntry>, task: Arc<Task>) -> Self {
        Self { outlet, entry, task }
    }
}

impl Collector for OutletStage {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        let cells = &self.entry.cells;
        match element {
            StreamElement::Batch(batch) => {
                let row_count = batch.num_rows() as u64;
                cells.add(Metric::RowsIn, row_count);
                cells.add(Metric::BatchesIn, 1);
                catch_panic(&self.entry.name, || self.outlet.deliver(&batch, &self.task))?;
                cells.add(Metric::RowsOut, row_count);
            }
            StreamElement::Watermark(watermark) => cells.set(Metric::WatermarkUs, watermark),
            // Several queries may insert into one stream: it ends with the run.
            StreamElement::Barrier(_) | StreamElement::Idle | StreamElement::EndOfInput => {}
        }
        Ok(())
    }
}
