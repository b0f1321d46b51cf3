//! Partial aggregates: what is added up before rows go through an exchange.
//!
//! ```text
//! rows ──► this ──partial aggregates──► exchange ──► window aggregate ──► results
//!            └─────────rows─────────────►   (late ones, and all where keys hardly repeat)
//! ```
//!
//! **Invariants** Nothing is kept over a barrier, so there is no state to store. What is kept of a slice leaves before the watermark
//! that closes a window of it, so it is never late; rows that come behind that watermark go on as they are, and the operator
//! behind the exchange judges them as it would without this one.
//!
//! **Source** The combiner of Dean and Ghemawat, "MapReduce", 2004; switched off where it does not pay, as in Larson, "Data reduction by
//! partial preaggregation", 2002.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::datatypes::Schema;

use super::partial_rows::PartialRows;
use super::place::{Fate, Placement, each_piece};
use super::slicing::Span;
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::Result;
use crate::operator::group::{Aggregation, GroupTable, Rows};
use crate::plan::WindowAggregateSpec;

/// What is kept takes this many bytes at the most: few enough for a fast cache, and for a short stop at a barrier.
const BYTES_MAX: usize = 1 << 20;
/// How many empty tables are kept for new slices, and how large they may be.
const SPARE_MAX: usize = 4;
const SPARE_BYTES_MAX: usize = BYTES_MAX / 4;

/// The sending half of a window aggregate.
pub struct LocalWindowAggregate {
    aggregation: Aggregation,
    placement: Placement,
    partial: PartialRows,
    /// By slice. No window of any of them is closed.
    slices: BTreeMap<Span, GroupTable>,
    spare: Vec<GroupTable>,
    /// Bytes of the tables.
    bytes: usize,
    /// The least end of a window that has a slice here.
    next_end: Watermark,
    watermark: Watermark,
    /// Whoever is behind the exchange goes on without this one until rows come.
    is_idle: bool,
    worth: Worth,
    batch_rows_max: usize,
}

impl LocalWindowAggregate {
    /// The sending half of a window aggregate behind an exchange; `None` if it has to see the rows themselves. `watermark`: what the
    /// operator behind the exchange knows already. Its input must be insertions only.
    pub fn new(
        spec: &WindowAggregateSpec,
        input: &Schema,
        watermark: Watermark,
        batch_rows_max: usize,
    ) -> Result<Option<Self>> {
        // Corrections are told for each row.
        let is_possible =
            spec.allowed_lateness_us == 0 && spec.calls.iter().all(|call| call.is_decomposable());
        let Some(placement) = Placement::new(&spec.window).filter(|_| is_possible) else {
            return Ok(None);
        };
        let aggregation = Aggregation::new(&spec.keys, &spec.calls, input, false)?;
        Ok(Some(Self {
            partial: PartialRows::new(&aggregation, &placement, input),
            aggregation,
            placement,
            slices: BTreeMap::new(),
            spare: Vec::new(),
            bytes: 0,
            next_end: Watermark::MAX,
            watermark,
            is_idle: false,
            worth: Worth::default(),
            batch_rows_max,
        }))
    }

    /// Takes rows; what is to be sent now goes into `out`.
    pub fn add(&mut self, batch: EventBatch, out: &mut Vec<EventBatch>) -> Result<()> {
        let ends_idleness = std::mem::take(&mut self.is_idle);
        if ends_idleness || !self.worth.is_tried(batch.num_rows()) {
            out.push(batch);
            return Ok(());
        }
        let (slicing, watermark) = (self.placement.slicing(), self.watermark);
        let runs = self
            .placement
            .runs(&batch, |slice| slicing.first_end(slice) <= watermark)?;
        each_piece(&batch, &[], &runs, false, |fate, piece, _| {
            match fate {
                Fate::Slice(slice) => self.update(slice, piece)?,
                Fate::Late | Fate::Gap | Fate::Bad(_) => out.push(piece.clone()),
            }
            Ok(())
        })?;
        if self.bytes > BYTES_MAX || !self.worth.is_worth_it() {
            self.take_all(out)?;
        }
        Ok(())
    }

    /// Event time is about to advance: what that makes due goes into `out`.
    pub fn reach(&mut self, watermark: Watermark, out: &mut Vec<EventBatch>) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        if self.next_end > self.watermark {
            return Ok(());
        }
        let slicing = self.placement.slicing();
        let first_end = |slice: &Span| slicing.first_end(*slice);
        let is_due = |slice: &Span| first_end(slice) <= self.watermark;
        let due: Vec<Span> = self
            .slices
            .keys()
            .filter(|slice| is_due(slice))
            .copied()
            .collect();
        for slice in due {
            if let Some(table) = self.slices.remove(&slice) {
                self.take(slice, table, out)?;
            }
        }
        self.next_end = self.slices.keys().map(first_end).min().unwrap_or(Watermark::MAX);
        Ok(())
    }

    /// No rows are at hand: event time goes on without this one. All that is kept goes into `out`, and so will the next rows, which end
    /// the idleness.
    pub fn idle(&mut self, out: &mut Vec<EventBatch>) -> Result<()> {
        self.is_idle = true;
        self.take_all(out)
    }

    /// All that is kept goes into `out`.
    pub fn take_all(&mut self, out: &mut Vec<EventBatch>) -> Result<()> {
        self.next_end = Watermark::MAX;
        for (slice, table) in std::mem::take(&mut self.slices) {
            self.take(slice, table, out)?;
        }
        Ok(())
    }

    fn update(&mut self, slice: Span, rows: &EventBatch) -> Result<()> {
        let table = match self.slices.entry(slice) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(place) => {
                let table = match self.spare.pop() {
                    Some(table) => table,
                    None => GroupTable::new(&self.aggregation, false)?,
                };
                self.bytes += table.fixed_bytes();
                let first_end = self.placement.slicing().first_end(slice);
                self.next_end = self.next_end.min(first_end);
                place.insert(table)
            }
        };
        let before = (table.keys().len(), table.fixed_bytes());
        table.update(
            &self.aggregation,
            Rows {
                columns: rows.rows(),
                kinds: rows.kinds().map(AsRef::as_ref),
                arrivals: &[],
            },
        )?;
        self.worth.count(rows.num_rows(), table.keys().len() - before.0);
        self.bytes += table.fixed_bytes() - before.1;
        Ok(())
    }

    fn take(&mut self, slice: Span, mut table: GroupTable, out: &mut Vec<EventBatch>) -> Result<()> {
        for groups in table.keys().groups().chunks(self.batch_rows_max) {
            out.push(self.partial.batch(slice, &table, groups)?);
        }
        let bytes = table.fixed_bytes();
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.spare.len() < SPARE_MAX && bytes <= SPARE_BYTES_MAX {
            table.forget();
            self.spare.push(table);
        }
        Ok(())
    }
}

/// Whether keys repeat often enough: a partial aggregate costs more than a row.
#[derive(Debug, Default)]
struct Worth {
    rows: usize,
    groups: usize,
    /// So many rows go on as they are before it is tried again.
    left_out: usize,
    /// How often in a row it was not worth it.
    failures: u32,
}

impl Worth {
    /// What is tried is judged after so many rows.
    const TRIED_ROWS: usize = 1 << 16;
    /// Rows of a partial aggregate at the least.
    const ROWS_MIN: usize = 6;
    /// Where it is not worth it, so many rows go on as they are before it is tried again, and twice as many each time, up to a limit.
    const LEFT_OUT_ROWS: usize = 1 << 21;
    const DOUBLED_MAX: u32 = 5;

    /// Whether the next rows are to be added up.
    fn is_tried(&mut self, rows: usize) -> bool {
        self.left_out = self.left_out.saturating_sub(rows);
        self.left_out == 0
    }

    /// Rows were added up, for which groups had to be made.
    fn count(&mut self, rows: usize, groups: usize) {
        self.rows += rows;
        self.groups += groups;
    }

    /// Judges what was counted, once it is enough.
    fn is_worth_it(&mut self) -> bool {
        if self.rows < Self::TRIED_ROWS {
            return true;
        }
        let is_worth_it = self.rows >= self.groups * Self::ROWS_MIN;
        (self.rows, self.groups) = (0, 0);
        if is_worth_it {
            self.failures = 0;
        } else {
            self.left_out = Self::LEFT_OUT_ROWS << self.failures.min(Self::DOUBLED_MAX);
            self.failures += 1;
        }
        is_worth_it
    }
}

#[cfg(test)]
#[path = "local_test.rs"]
mod tests;
