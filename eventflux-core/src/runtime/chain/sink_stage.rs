//! A connector's sink at the end of a chain.

use std::sync::Arc;

use crate::checkpoint::CheckpointPart;
use crate::connector::{Sink, StagingSink};
use crate::element::{Barrier, StreamElement};
use crate::error::Result;
use crate::fail_point::fail_point;
use crate::metrics::Metric;
use crate::operator::Collector;
use crate::runtime::meter::OperatorEntry;
use crate::runtime::task::Task;

/// How a sink's rows become visible.
pub(crate) enum SinkKind {
    /// At once: when it is flushed, at barriers too.
    Direct(Box<dyn Sink>),
    /// After the checkpoint that they belong to.
    Staging(Box<dyn StagingSink>),
}

/// Hands rows to a sink, and waits where the sink does: that is backpressure.
pub(crate) struct SinkStage {
    sink: SinkKind,
    has_unflushed: bool,
    entry: Arc<OperatorEntry>,
    task: Arc<Task>,
}

impl SinkStage {
    pub(crate) fn new(sink: SinkKind, entry: Arc<OperatorEntry>, task: Arc<Task>) -> Self {
        Self {
            sink,
            has_unflushed: false,
            entry,
            task,
        }
    }

    /// Makes visible what was written, if anything was since the last time.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if let SinkKind::Direct(sink) = &mut self.sink
            && std::mem::take(&mut self.has_unflushed)
        {
            self.task.wait_downstream(sink.flush())??;
        }
        Ok(())
    }

    fn barrier(&mut self, barrier: Barrier) -> Result<()> {
        let SinkKind::Staging(sink) = &mut self.sink else {
            return self.flush();
        };
        let pre_commit = self.task.wait_downstream(sink.pre_commit(barrier.epoch))??;
        fail_point("sink.staged", || self.entry.name.clone())?;
        if let Some(checkpointer) = &self.task.checkpointer {
            checkpointer.take(CheckpointPart::Sink {
                barrier,
                sink: self.entry.participant(),
                pre_commit,
            });
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
                match &mut self.sink {
                    SinkKind::Direct(sink) => self.task.wait_downstream(sink.write(&batch))??,
                    SinkKind::Staging(sink) => self.task.wait_downstream(sink.write(&batch))??,
                }
                self.entry.cells.add(Metric::RowsOut, row_count);
                Ok(())
            }
            StreamElement::Watermark(watermark) => {
                self.entry.cells.set(Metric::WatermarkUs, watermark);
                Ok(())
            }
            StreamElement::Idle => Ok(()),
            StreamElement::Barrier(barrier) => self.barrier(barrier),
            StreamElement::EndOfInput => {
                self.has_unflushed = false;
                match &mut self.sink {
                    SinkKind::Direct(sink) => self.task.wait_downstream(sink.close())?,
                    SinkKind::Staging(sink) => self.task.wait_downstream(sink.close())?,
                }
            }
        }
    }
}
