//! What all parts of one subtask share: its name, its clock, its way to wait.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;

use super::memory::ColdStates;
use super::orders::{Orders, Phase};
use crate::checkpoint::{CheckpointPart, Checkpointer, LoopId};
use crate::element::Barrier;
use crate::error::{Error, Result};
use crate::metrics::{BarrierStops, Cells, Metric};
use crate::time::Clock;

/// Who drives the loops.
#[derive(Debug, Clone)]
pub(crate) enum Drive {
    /// Each loop has a thread and may block; futures are driven on this runtime.
    Threads(tokio::runtime::Handle),
    /// One thread steps all loops in turn: nothing may block, so edges take more than their budget within a step.
    Stepped,
}

/// The surroundings of one subtask.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) loop_id: LoopId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cells: Arc<Cells>,
    pub(crate) drive: Drive,
    pub(crate) orders: watch::Receiver<Orders>,
    pub(crate) checkpointer: Option<Arc<dyn Checkpointer>>,
    /// State that is not all in memory.
    pub(crate) cold: Arc<ColdStates>,
}

impl Task {
    /// Waits within the work on an element: for credit, or for a sink. The time counts as backpressure.
    ///
    /// **Errors** The run was aborted meanwhile.
    pub(crate) fn wait_downstream<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        let mut future = pin!(future);
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Ok(value);
        }
        let Drive::Threads(tokio) = &self.drive else {
            return Err(Error::Bug(format!(
                "{} would have to wait in a stepped run",
                self.name
            )));
        };
        let began_us = self.clock.now_us();
        let mut orders = self.orders.clone();
        let result = tokio.block_on(async {
            tokio::select! {
                biased;
                _ = orders.wait_for(|orders| orders.phase == Phase::Aborted) => Err(self.cancelled()),
                value = future => Ok(value),
            }
        });
        let waited_us = self.clock.now_us().saturating_sub(began_us).max(0);
        self.cells.add(Metric::BackpressuredUs, waited_us as u64);
        result
    }

    /// Does what a barrier asks of the loop; how long that takes is how long the loop stands still.
    pub(crate) fn at_barrier<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let began_us = self.clock.now_us();
        let done = work();
        let stop_us = self.clock.now_us().saturating_sub(began_us).max(0);
        BarrierStops::record(&self.cells, stop_us as u64);
        done
    }

    /// Tells the checkpointer, if there is one, that the loop has handed a barrier on.
    pub(crate) fn acknowledge(&self, barrier: Barrier) {
        if let Some(checkpointer) = &self.checkpointer {
            let loop_id = self.loop_id;
            checkpointer.take(CheckpointPart::Acknowledged { barrier, loop_id });
        }
    }

    /// Tells the checkpointer, if there is one, that the loop's source has nothing more to read.
    pub(crate) fn input_ended(&self) {
        if let Some(checkpointer) = &self.checkpointer {
            let loop_id = self.loop_id;
            checkpointer.take(CheckpointPart::InputEnded { loop_id });
        }
    }

    /// Tells the checkpointer that there is no room for more rows before the next checkpoint.
    pub(crate) fn want_checkpoint(&self) {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.take(CheckpointPart::Wanted);
        }
    }

    /// The error of a subtask that gives up because the run was aborted.
    pub(crate) fn cancelled(&self) -> Error {
        Error::Cancelled {
            subtask: self.name.clone(),
        }
    }
}
