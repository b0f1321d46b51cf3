//! Which slice each row of a batch goes to.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::buffer::{NullBuffer, ScalarBuffer};

use super::slicing::{Place, Slicing, Span};
use crate::batch::EventBatch;
use crate::error::Result;
use crate::plan::{WindowSpec, WindowTime};
use crate::time::event_times;

/// Rows of fewer than this many per run are sorted by slice before they are added.
const RUN_ROWS_MIN: usize = 16;

/// What a row's windows follow from.
#[derive(Debug, Clone)]
pub(super) enum Placement {
    /// The row's event time.
    EventTime(Slicing),
    /// Columns with the window's start and end.
    Attached { start: usize, end: usize },
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It goes into this slice.
    Slice(Span),
    /// It is late.
    Late,
    /// It is in no window.
    Gap,
    /// It has no window, for this reason.
    Bad(&'static str),
}

/// Rows next to each other that share a fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) fate: Fate,
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Placement {
    /// The placement of a window; sessions have none.
    pub(super) fn new(window: &WindowTime) -> Option<Self> {
        match window {
            WindowTime::Assign(WindowSpec::Session { .. }) => None,
            WindowTime::Assign(window) => Slicing::new(window).map(Placement::EventTime),
            WindowTime::Attached { start, end } => Some(Placement::Attached {
                start: *start,
                end: *end,
            }),
        }
    }

    pub(super) fn slicing(&self) -> Slicing {
        match self {
            Placement::EventTime(slicing) => *slicing,
            Placement::Attached { .. } => Slicing::Given,
        }
    }

    /// Cuts a batch into runs; `is_late` says of a slice whether its rows are.
    pub(super) fn runs(&self, batch: &EventBatch, is_late: impl Fn(Span) -> bool) -> Result<Vec<Run>> {
        match self {
            Placement::EventTime(slicing) => {
                let times = batch.event_time();
                Ok(runs_of_times(times, |time| match slicing.place(time) {
                    Place::Slice(slice) if is_late(slice) => (Fate::Late, Some(slice)),
                    Place::Slice(slice) => (Fate::Slice(slice), Some(slice)),
                    Place::Gap => (Fate::Gap, None),
                    Place::OutOfRange => (Fate::Bad("its window is outside the range of timestamps"), None),
                }))
            }
            Placement::Attached { start, end } => {
                let bounds = Bounds::new(batch.rows(), *start, *end)?;
                Ok(runs_of_rows(batch.num_rows(), |row| match bounds.at(row) {
                    None => Fate::Bad("its window is NULL"),
                    Some(slice) if is_late(slice) => Fate::Late,
                    Some(slice) => Fate::Slice(slice),
                }))
            }
        }
    }
}

/// Runs of a batch by time; the slice of the row before is tried first.
fn runs_of_times(times: &[i64], place: impl Fn(i64) -> (Fate, Option<Span>)) -> Vec<Run> {
    let mut runs = Vec::<Run>::with_capacity(1);
    let mut start = 0;
    while start < times.len() {
        let (fate, slice) = place(times[start]);
        let within = |time: &i64| slice.is_some_and(|slice| slice.contains(*time));
        let length = 1 + times[start + 1..].iter().take_while(|time| within(time)).count();
        match runs.last_mut() {
            Some(last) if last.fate == fate => last.length += length,
            _ => runs.push(Run { fate, start, length }),
        }
        start += length;
    }
    runs
}

fn runs_of_rows(row_count: usize, fate: impl Fn(usize) -> Fate) -> Vec<Run> {
    let mut runs = Vec::<Run>::with_capacity(1);
    for row in 0..row_count {
        let fate = fate(row);
        match runs.last_mut() {
            Some(last) if last.fate == fate => last.length += 1,
            _ => runs.push(Run {
                fate,
                start: row,
                length: 1,
            }),
        }
    }
    runs
}

/// The window columns of a batch.
pub(super) struct Bounds {
    start: (ScalarBuffer<i64>, Option<NullBuffer>),
    end: (ScalarBuffer<i64>, Option<NullBuffer>),
}

impl Bounds {
    pub(super) fn new(rows: &RecordBatch, start: usize, end: usize) -> Result<Self> {
        let column = |index: usize| -> Result<_> {
            let column: &ArrayRef = rows.column(index);
            let (times, _) = event_times(column)?;
            Ok((
                times,
                column.nulls().filter(|nulls| nulls.null_count() > 0).cloned(),
            ))
        };
        Ok(Self {
            start: column(start)?,
            end: column(end)?,
        })
    }

    pub(super) fn at(&self, row: usize) -> Option<Span> {
        let value = |(times, nulls): &(ScalarBuffer<i64>, Option<NullBuffer>)| {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            if is_null { None } else { Some(times[row]) }
        };
        Some(Span {
            start: value(&self.start)?,
            end: value(&self.end)?,
        })
    }
}

/// Hands rows on by what becomes of them, with their arrivals if there are any: run by run where runs are long, or where the rows'
/// order counts; otherwise sorted by fate.
pub(super) fn each_piece(
    batch: &EventBatch,
    arrivals: &[u64],
    runs: &[Run],
    keeps_order: bool,
    mut take: impl FnMut(Fate, &EventBatch, &[u64]) -> Result<()>,
) -> Result<()> {
    if let [run] = runs {
        return take(run.fate, batch, arrivals);
    }
    if keeps_order || runs.len() * RUN_ROWS_MIN <= batch.num_rows() {
        return runs.iter().try_for_each(|run| {
            let arrivals = arrivals.get(run.start..run.start + run.length);
            let rows = batch.slice(run.start, run.length);
            take(run.fate, &rows, arrivals.unwrap_or_default())
        });
    }
    rows_by_fate(runs).into_iter().try_for_each(|(fate, rows)| {
        let arrivals = rows.iter().filter_map(|row| arrivals.get(*row as usize).copied());
        let arrivals = arrivals.collect::<Vec<_>>();
        take(fate, &batch.take(&UInt32Array::from(rows))?, &arrivals)
    })
}

/// The rows of each fate, in their order: for batches whose rows jump from slice to slice.
fn rows_by_fate(runs: &[Run]) -> BTreeMap<Fate, Vec<u32>> {
    let mut rows = BTreeMap::<Fate, Vec<u32>>::new();
    for run in runs {
        let indices = run.start as u32..(run.start + run.length) as u32;
        rows.entry(run.fate).or_default().extend(indices);
    }
    rows
}
