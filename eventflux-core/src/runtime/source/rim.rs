//! Event time of a source: what a batch of it becomes, and what the clock does to it.

use arrow::array::RecordBatch;

use super::columns::{Columns, Completed};
use super::partition::{Partitions, Progress};
use crate::batch::EventBatch;
use crate::checkpoint::SourceTimes;
use crate::element::{StreamElement, Watermark};
use crate::error::Result;
use crate::operator::{Collector, SideOutput};
use crate::plan::SourceSpec;

/// How often the watermark of a stream without event time follows the clock when nothing arrives, microseconds.
const ARRIVAL_INTERVAL_US: i64 = 50_000;

/// The rim of one source subtask.
#[derive(Debug)]
pub(super) struct Rim {
    columns: Columns,
    time: Time,
}

#[derive(Debug)]
enum Time {
    /// From a column.
    Event(Partitions),
    /// The clock, made monotone: a row's event time is when it arrived, and the watermark follows the clock.
    Arrival { watermark: Watermark },
}

/// The present, for a rim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Processing time.
    pub(super) now_us: i64,
    /// How much of the past was spent waiting for those behind the source.
    pub(super) backpressured_us: i64,
}

impl Now {
    fn active_us(self) -> i64 {
        self.now_us.saturating_sub(self.backpressured_us)
    }
}

impl Rim {
    pub(super) fn new(spec: &SourceSpec) -> Self {
        let time = match &spec.event_time {
            Some(event_time) => Time::Event(Partitions::new(event_time.delay_us, spec.idle_timeout_us)),
            None => Time::Arrival {
                watermark: Watermark::MIN,
            },
        };
        Self {
            columns: Columns::new(spec),
            time,
        }
    }

    /// Goes on from a checkpoint, before anything else.
    pub(super) fn restore(&mut self, times: &SourceTimes) {
        match &mut self.time {
            Time::Event(partitions) => partitions.restore(times),
            Time::Arrival { watermark } => *watermark = times.watermark.unwrap_or(Watermark::MIN),
        }
    }

    /// How far event time has come.
    pub(super) fn times(&self) -> SourceTimes {
        match &self.time {
            Time::Event(partitions) => partitions.times(),
            Time::Arrival { watermark } => SourceTimes {
                watermark: (*watermark != Watermark::MIN).then_some(*watermark),
                partitions: Vec::new(),
            },
        }
    }

    /// Takes the present set of partitions.
    pub(super) fn partitions(
        &mut self,
        names: &[Option<String>],
        now: Now,
        next: &mut dyn Collector,
    ) -> Result<()> {
        match &mut self.time {
            Time::Event(partitions) => tell(partitions.set(names, now.active_us()), next),
            Time::Arrival { .. } => Ok(()),
        }
    }

    /// Takes rows of one partition.
    pub(super) fn rows(
        &mut self,
        partition: (usize, Option<&str>),
        rows: RecordBatch,
        now: Now,
        next: &mut dyn Collector,
        side: &mut dyn SideOutput,
    ) -> Result<()> {
        let (partition, name) = partition;
        let Completed {
            rows,
            event_times,
            bad,
        } = self.columns.complete(rows, name)?;
        bad.into_iter()
            .try_for_each(|row| side.bad_row(row, now.now_us))?;
        match (&mut self.time, event_times) {
            (Time::Event(partitions), Some(times)) => {
                let cuts = partitions.rows(partition, &times, now.active_us());
                let batch = EventBatch::new(rows, times)?;
                for cut in cuts {
                    match cut.rows.len() {
                        0 => {}
                        all if all == batch.num_rows() => {
                            next.collect(StreamElement::Batch(batch.clone()))?
                        }
                        some => next.collect(StreamElement::Batch(batch.slice(cut.rows.start, some)))?,
                    }
                    if let Some(watermark) = cut.watermark {
                        next.collect(StreamElement::Watermark(watermark))?;
                    }
                }
                Ok(())
            }
            (Time::Arrival { watermark }, _) => {
                let time_us = now.now_us.max(*watermark);
                if rows.num_rows() > 0 {
                    next.collect(StreamElement::Batch(EventBatch::at(rows, time_us)))?;
                }
                follow_clock(watermark, time_us, next)
            }
            (Time::Event(_), None) => Err(crate::Error::Bug("a source lost its event times".into())),
        }
    }

    /// When the clock next changes something.
    pub(super) fn next_due_us(&self, backpressured_us: i64) -> Option<i64> {
        match &self.time {
            Time::Event(partitions) => partitions
                .next_idle_us()
                .map(|us| us.saturating_add(backpressured_us)),
            Time::Arrival { watermark } => Some(watermark.saturating_add(ARRIVAL_INTERVAL_US)),
        }
    }

    /// Whether event time follows the clock itself.
    pub(super) fn follows_clock(&self) -> bool {
        matches!(self.time, Time::Arrival { .. })
    }

    /// The clock has moved.
    pub(super) fn clock(&mut self, now: Now, next: &mut dyn Collector) -> Result<()> {
        match &mut self.time {
            Time::Event(partitions) => tell(partitions.idle(now.active_us()), next),
            Time::Arrival { watermark } => follow_clock(watermark, now.now_us, next),
        }
    }
}

fn tell(progress: Progress, next: &mut dyn Collector) -> Result<()> {
    match progress {
        Progress::None => Ok(()),
        Progress::Watermark(watermark) => next.collect(StreamElement::Watermark(watermark)),
        Progress::Idle => next.collect(StreamElement::Idle),
    }
}

fn follow_clock(watermark: &mut Watermark, now_us: i64, next: &mut dyn Collector) -> Result<()> {
    if now_us <= *watermark {
        return Ok(());
    }
    *watermark = now_us;
    next.collect(StreamElement::Watermark(now_us))
}
