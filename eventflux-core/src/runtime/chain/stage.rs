//! One operator of a chain.

use std::sync::Arc;

use super::{Emit, Next, Side, catch_panic, copy_first};
use crate::checkpoint::CheckpointPart;
use crate::element::{Barrier, StreamElement, Watermark};
use crate::error::Result;
use crate::fail_point::fail_point;
use crate::metrics::{Cells, Metric};
use crate::operator::{Collector, Operator, Output};
use crate::runtime::meter::OperatorEntry;
use crate::runtime::task::Task;
use crate::state::segment::SnapshotRows;

/// An operator with what follows it.
pub(crate) struct Stage {
    operator: Box<dyn Operator>,
    is_timed: bool,
    /// The barrier whose snapshot is still being copied.
    frozen: Option<Frozen>,
    /// The last that the operator was given; those up to it are not given again. A restart may begin with earlier ones.
    watermark: Watermark,
    entry: Arc<OperatorEntry>,
    task: Arc<Task>,
    next: Next,
    side: Side,
}

/// A snapshot that is not handed over yet.
#[derive(Debug, Clone, Copy)]
struct Frozen {
    barrier: Barrier,
    /// The last that the operator had been given.
    watermark: Watermark,
}

/// Rows of a snapshot that are copied at a time.
const SLICE_ROWS: usize = 1024;

impl Stage {
    /// `watermark`: the last that the operator was given before a restart, or the least there is.
    pub(crate) fn new(
        mut operator: Box<dyn Operator>,
        watermark: Watermark,
        entry: Arc<OperatorEntry>,
        task: Arc<Task>,
        next: Next,
        side: Side,
    ) -> Self {
        let is_timed = operator.timed().is_some();
        Self {
            operator,
            is_timed,
            frozen: None,
            watermark,
            entry,
            task,
            next,
            side,
        }
    }

    /// Takes an element of one input.
    pub(crate) fn take(&mut self, input: usize, element: StreamElement) -> Result<()> {
        match element {
            StreamElement::Batch(batch) => {
                let cells: &Cells = &self.entry.cells;
                cells.add(Metric::RowsIn, batch.num_rows() as u64);
                cells.add(Metric::BatchesIn, 1);
                self.call(|operator, out| operator.on_batch(input, batch, out))
            }
            StreamElement::Watermark(watermark) if watermark <= self.watermark => Ok(()),
            StreamElement::Watermark(watermark) => {
                self.watermark = watermark;
                self.call(|operator, out| operator.on_watermark(watermark, out))?;
                self.side.pass_watermark(watermark)
            }
            StreamElement::Barrier(barrier) => {
                self.snapshot(barrier)?;
                self.pass(StreamElement::Barrier(barrier))
            }
            StreamElement::Idle => {
                self.next.collect(StreamElement::Idle)?;
                self.side.pass_idle()
            }
            StreamElement::EndOfInput => self.pass(StreamElement::EndOfInput),
        }
    }

    /// When the operator, or one behind it, next wants to be called.
    pub(crate) fn next_due_us(&mut self) -> Option<i64> {
        let own = if self.is_timed { self.own_due_us() } else { None };
        self.branches()
            .into_iter()
            .filter_map(Next::next_due_us)
            .chain(own)
            .min()
    }

    /// Calls the operators whose time has come, this one first.
    pub(crate) fn fire(&mut self, now_us: i64) -> Result<()> {
        if self.is_timed && self.own_due_us().is_some_and(|due_us| due_us <= now_us) {
            self.call(|operator, out| match operator.timed() {
                Some(timed) => timed.on_timer(now_us, out),
                None => Ok(()),
            })?;
        }
        self.branches()
            .into_iter()
            .try_for_each(|branch| branch.fire(now_us))
    }

    /// Brings gauges up to date.
    pub(crate) fn measure(&mut self) {
        self.entry
            .cells
            .set(Metric::StateBytes, self.operator.state_bytes() as i64);
        if let Some(cold) = self.operator.cold() {
            self.entry.cells.set(Metric::ColdBytes, cold.bytes as i64);
            self.entry.cells.set(Metric::ColdReads, cold.reads as i64);
            self.entry
                .cells
                .set(Metric::StateEvictions, cold.evictions as i64);
        }
        self.branches().into_iter().for_each(Next::measure);
    }

    /// The outputs.
    pub(crate) fn branches(&mut self) -> [&mut Next; 3] {
        let [late, errors] = self.side.branches();
        [&mut self.next, late, errors]
    }

    fn own_due_us(&mut self) -> Option<i64> {
        self.operator.timed().and_then(|timed| timed.next_due_us())
    }

    fn pass(&mut self, element: StreamElement) -> Result<()> {
        self.next.collect(element.clone())?;
        self.side.pass(element)
    }

    fn snapshot(&mut self, barrier: Barrier) -> Result<()> {
        if self.task.checkpointer.is_none() {
            return Ok(());
        }
        let frozen = Frozen {
            barrier,
            watermark: self.watermark,
        };
        let epoch = barrier.epoch;
        let operator = &mut self.operator;
        let rows = catch_panic(&self.entry.name, || match operator.freezing() {
            Some(freezing) => {
                freezing.freeze(epoch)?;
                Ok(None)
            }
            None => {
                let mut rows = SnapshotRows::default();
                operator.snapshot(epoch, &mut rows)?;
                Ok(Some(rows))
            }
        })?;
        fail_point("operator.frozen", || self.entry.name.clone())?;
        match rows {
            Some(rows) => {
                self.hand_over(frozen, rows);
                Ok(())
            }
            None => {
                self.frozen = Some(frozen);
                self.copy_slice()
            }
        }
    }

    /// Copies a slice of what is frozen here or behind. Whether there may be more.
    pub(crate) fn copy_frozen(&mut self) -> Result<bool> {
        if self.frozen.is_some() {
            self.copy_slice()?;
            return Ok(true);
        }
        copy_first(self.branches())
    }

    /// Whether something here or behind is frozen and not all copied.
    pub(crate) fn has_frozen(&mut self) -> bool {
        self.frozen.is_some() || self.branches().into_iter().any(Next::has_frozen)
    }

    fn copy_slice(&mut self) -> Result<()> {
        let Some(frozen) = self.frozen else {
            return Ok(());
        };
        let operator = &mut self.operator;
        let rows = catch_panic(&self.entry.name, || match operator.freezing() {
            Some(freezing) => freezing.copy_frozen(SLICE_ROWS),
            None => Ok(None),
        })?;
        fail_point("operator.slice.copied", || self.entry.name.clone())?;
        if let Some(rows) = rows {
            self.frozen = None;
            self.hand_over(frozen, rows);
        }
        Ok(())
    }

    /// Gives a whole snapshot to whoever stores it.
    fn hand_over(&self, frozen: Frozen, rows: SnapshotRows) {
        if let Some(checkpointer) = &self.task.checkpointer {
            checkpointer.take(CheckpointPart::Operator {
                barrier: frozen.barrier,
                operator: self.entry.participant(),
                loop_id: self.task.loop_id,
                rows,
                watermark: frozen.watermark,
            });
        }
    }

    fn call(&mut self, work: impl FnOnce(&mut dyn Operator, &mut Output<'_>) -> Result<()>) -> Result<()> {
        let Self {
            operator,
            entry,
            next,
            side,
            ..
        } = self;
        let mut emit = Emit {
            next,
            cells: &entry.cells,
        };
        let mut out = Output::new(&mut emit, side);
        catch_panic(&entry.name, || work(operator.as_mut(), &mut out))?;
        self.side.flush()
    }
}
