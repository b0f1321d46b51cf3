//! The rim as a part of a chain.

use std::sync::Arc;

use super::rim::{Now, Rim};
use crate::checkpoint::{CheckpointPart, SourceCut, SourceTimes};
use crate::connector::{SourcePosition, SourceRows};
use crate::element::{Barrier, StreamElement, WATERMARK_MAX};
use crate::error::Result;
use crate::metrics::Metric;
use crate::operator::{Collector, SideOutput};
use crate::plan::{SourceKind, SourceSpec};
use crate::runtime::chain::{Emit, Next, Side};
use crate::runtime::meter::OperatorEntry;
use crate::runtime::task::{Drive, Task};
use crate::time::task_now_us;

/// A source's rim with what follows it. It is the root of a source's chain; for the stream of bad rows it stands within a
/// chain and takes batches of the dead-letter schema.
pub(crate) struct RimStage {
    rim: Rim,
    /// Nothing more comes in: event time does not go on with the clock.
    has_ended: bool,
    partitions: Vec<Option<String>>,
    /// Of a dead-letter stream: which columns of the dead-letter schema it has.
    letter_columns: Vec<usize>,
    entry: Arc<OperatorEntry>,
    task: Arc<Task>,
    next: Next,
    side: Side,
}

impl RimStage {
    pub(crate) fn new(
        spec: &SourceSpec,
        entry: Arc<OperatorEntry>,
        task: Arc<Task>,
        restored: Option<&SourceTimes>,
        next: Next,
        side: Side,
    ) -> Result<Self> {
        let mut rim = Rim::new(spec);
        if let Some(times) = restored {
            rim.restore(times);
        }
        let mut letter_columns = Vec::new();
        let mut partitions = Vec::new();
        if matches!(spec.kind, SourceKind::DeadLetters) {
            let schema = crate::plan::dead_letter_schema();
            for column in &spec.columns {
                letter_columns.push(schema.index_of(column.field.name())?);
            }
            partitions.push(Some(spec.stream.clone()));
        }
        let mut stage = Self {
            rim,
            has_ended: false,
            partitions: Vec::new(),
            letter_columns,
            entry,
            task,
            next,
            side,
        };
        if !partitions.is_empty() {
            stage.set_partitions(partitions)?;
        }
        Ok(stage)
    }

    /// Takes the present set of partitions.
    pub(crate) fn set_partitions(&mut self, partitions: Vec<Option<String>>) -> Result<()> {
        let now = self.now();
        self.partitions = partitions;
        let mut emit = Emit {
            next: &mut self.next,
            cells: &self.entry.cells,
        };
        self.rim.partitions(&self.partitions, now, &mut emit)
    }

    /// Takes rows of one partition.
    pub(crate) fn rows(&mut self, rows: SourceRows) -> Result<()> {
        let now = self.now();
        self.entry.cells.add(Metric::RowsIn, rows.rows.num_rows() as u64);
        self.entry.cells.add(Metric::BatchesIn, 1);
        for row in rows.bad {
            self.side.bad_row(row, now.now_us)?;
        }
        let name = self.partitions.get(rows.partition).and_then(Option::as_deref);
        let mut emit = Emit {
            next: &mut self.next,
            cells: &self.entry.cells,
        };
        self.rim
            .rows((rows.partition, name), rows.rows, now, &mut emit, &mut self.side)?;
        self.side.flush()
    }

    /// Hands a barrier on, once the source's positions are saved.
    pub(crate) fn barrier(&mut self, barrier: Barrier, positions: Vec<SourcePosition>) -> Result<()> {
        if let Some(checkpointer) = &self.task.checkpointer {
            let times = self.rim.times();
            checkpointer.take(CheckpointPart::Source {
                barrier,
                source: self.entry.participant(),
                cut: SourceCut { positions, times },
            });
        }
        self.pass(StreamElement::Barrier(barrier))
    }

    /// No more rows come: the input has ended by itself (everything closes), or the run stops (event time stays where it is).
    pub(crate) fn end(&mut self, is_by_itself: bool) -> Result<()> {
        self.has_ended = true;
        if is_by_itself { self.close() } else { Ok(()) }
    }

    /// The last that is handed on.
    pub(crate) fn let_go(&mut self) -> Result<()> {
        self.pass(StreamElement::EndOfInput)
    }

    /// When the clock next changes something here or behind.
    pub(crate) fn next_due_us(&mut self) -> Option<i64> {
        let own = self.own_due_us();
        self.branches()
            .into_iter()
            .filter_map(Next::next_due_us)
            .chain(own)
            .min()
    }

    /// The clock has reached a due time.
    pub(crate) fn fire(&mut self, now_us: i64) -> Result<()> {
        if self.own_due_us().is_some_and(|due_us| due_us <= now_us) {
            self.clock()?;
        }
        self.branches()
            .into_iter()
            .try_for_each(|branch| branch.fire(now_us))
    }

    /// The clock has moved: event time that is the clock's follows at once, here and behind.
    pub(crate) fn follow_clock(&mut self) -> Result<()> {
        if self.rim.follows_clock() && !self.has_ended {
            self.clock()?;
        }
        self.branches().into_iter().try_for_each(Next::follow_clock)
    }

    /// Brings gauges up to date.
    pub(crate) fn measure(&mut self) {
        self.branches().into_iter().for_each(Next::measure);
    }

    /// The outputs.
    pub(crate) fn branches(&mut self) -> [&mut Next; 3] {
        let [late, errors] = self.side.branches();
        [&mut self.next, late, errors]
    }

    /// A stepped run moves event time with the clock by itself.
    fn own_due_us(&self) -> Option<i64> {
        if self.has_ended || matches!(self.task.drive, Drive::Stepped) && self.rim.follows_clock() {
            return None;
        }
        self.rim.next_due_us(self.backpressured_us())
    }

    fn clock(&mut self) -> Result<()> {
        let now = self.now();
        let mut emit = Emit {
            next: &mut self.next,
            cells: &self.entry.cells,
        };
        self.rim.clock(now, &mut emit)
    }

    fn close(&mut self) -> Result<()> {
        let mut emit = Emit {
            next: &mut self.next,
            cells: &self.entry.cells,
        };
        emit.collect(StreamElement::Watermark(WATERMARK_MAX))?;
        self.side.pass_watermark(WATERMARK_MAX)
    }

    fn pass(&mut self, element: StreamElement) -> Result<()> {
        self.next.collect(element.clone())?;
        self.side.pass(element)
    }

    fn now(&self) -> Now {
        let now_us = task_now_us().unwrap_or_else(|| self.task.clock.now_us());
        Now {
            now_us,
            backpressured_us: self.backpressured_us(),
        }
    }

    fn backpressured_us(&self) -> i64 {
        self.task.cells.get(Metric::BackpressuredUs)
    }
}

/// As the stream of bad rows: batches come along edges, with their own idea of event time, which does not matter here.
impl Collector for RimStage {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        match element {
            StreamElement::Batch(letters) => {
                let rows = letters.rows().project(&self.letter_columns)?;
                self.rows(SourceRows {
                    partition: 0,
                    rows,
                    bad: Vec::new(),
                })
            }
            StreamElement::Watermark(WATERMARK_MAX) => self.end(true),
            StreamElement::Watermark(_) | StreamElement::Idle => Ok(()),
            StreamElement::Barrier(barrier) => self.barrier(barrier, Vec::new()),
            other => self.pass(other),
        }
    }
}
