//! A connector's sink at the end of a chain.

use std::sync::Arc;

use crate::connector::Sink;
use crate::element::StreamElement;
use crate::error::Result;
use crate::metrics::Metric;
use crate::operator::Collector;
use crate::runtime::meter::OperatorEntry;
use crate::runtime::task::Task;

/// Hands rows to a sink, and waits where the sink does: that is backpressure.
pub(crate) struct SinkStage {
    sink: Box<dyn Sink>,
    has_unflushed: bool,
    entry: Arc<OperatorEntry>,
    task: Arc<Task>,
}

impl SinkStage {
    pub(crate) fn new(sink: Box<dyn Sink>, entry: Arc<OperatorEntry>, task: Arc<Task>) -> Self {
        Self {
            sink,
            has_unflushed: false,
            entry,
            task,
        }
    }

    /// Makes visible what was written, if anything was since the last time.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if std::mem::take(&mut self.has_unflushed) {
            self.task.wait_downstream(self.sink.flush())??;
        }
        Ok(())
    }
}

impl Collector for SinkStage {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        match element {
            StreamElement::Batch(batch) => {
                let row_count = batch.num_rows() as u64;
                self.entry.cells.add(Metric::RowsIn, row_count);
                self.entry.cells.add(Metric::BatchesIn, 1);
                self.has_unflushed = true;
                self.task.wait_downstream(self.sink.write(&batch))??;
                self.entry.cells.add(Metric::RowsOut, row_count);
                Ok(())
            }
            StreamElement::Watermark(watermark) => {
                self.entry.cells.set(Metric::WatermarkUs, watermark);
                Ok(())
            }
            StreamElement::Idle => Ok(()),
            StreamElement::Barrier(_) => self.flush(),
            StreamElement::EndOfInput => {
                self.has_unflushed = false;
                self.task.wait_downstream(self.sink.close())?
            }
        }
    }
}
