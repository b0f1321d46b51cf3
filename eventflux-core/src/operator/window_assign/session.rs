//! Session windows of rows that may be taken back.
//!
//! The rows themselves are kept until their session closes, since a row taken back may part a session. Then they come out
//! with the session's bounds, or only what is aggregated over them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::datatypes::{DataType, SchemaRef};

use super::buffer::{Closed, SessionBuffer, stored_session};
use super::session_output::SessionOutput;
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::key::{KeyBytes, KeyDecoder};
use crate::operator::bad_result::report;
use crate::operator::group::{DueRow, DueRows, Group, KeyContent, KeyTable, KeyedState, StateKeys};
use crate::operator::progress::Progress;
use crate::operator::{FreezingOperator, Operator, OperatorContext, Output, snapshot_at_once};
use crate::plan::AggregateCall;
use crate::state::cold::{ColdFigures, ColdState};
use crate::state::segment::SnapshotRows;
use crate::state::{StateReader, StateWriter, for_each_batch};

/// The tables of its snapshots.
const ROWS: u8 = 0;
const PROGRESS: u8 = 1;

/// Keeps rows until their session closes. Its input may take rows back as long as their session is open; what comes out is
/// append-only.
pub struct SessionAssign {
    gap_us: i64,
    partition_by: Vec<usize>,
    output: SessionOutput,
    state: KeyedState<SessionBuffer>,
    progress: Progress,
    context: OperatorContext,
    bytes: KeyBytes,
}

impl SessionAssign {
    /// The operator of a session window with this gap, per value of the partition columns: rows come out with their window.
    ///
    /// **Errors** The columns do not fit the schemas, or a column's type cannot be kept.
    pub fn new(
        gap_us: i64,
        partition_by: &[usize],
        input: &SchemaRef,
        output: &SchemaRef,
        context: OperatorContext,
    ) -> Result<Self> {
        let output = SessionOutput::of_rows(input, output, context.batch_rows_max)?;
        Self::with_output(gap_us, partition_by, input, output, context)
    }

    /// As [`SessionAssign::new`], and what comes out per session are its key and the results of these calls.
    ///
    /// **Errors** The columns or calls do not fit the schemas, or a column's type cannot be kept.
    pub fn aggregating(
        gap_us: i64,
        keys: &[usize],
        calls: &[AggregateCall],
        input: &SchemaRef,
        output: &SchemaRef,
        context: OperatorContext,
    ) -> Result<Self> {
        let output = SessionOutput::of_totals(keys, calls, input, output, context.batch_rows_max)?;
        Self::with_output(gap_us, keys, input, output, context)
    }

    fn with_output(
        gap_us: i64,
        partition_by: &[usize],
        input: &SchemaRef,
        output: SessionOutput,
        context: OperatorContext,
    ) -> Result<Self> {
        let types = input.fields().iter().map(|field| field.data_type().clone());
        let types = types.collect::<Vec<DataType>>();
        KeyDecoder::new(&types)?;
        let key_type = |index: &usize| {
            let missing = || {
                Error::Bug(format!(
                    "sessions are partitioned by column #{index}, which is not there"
                ))
            };
            types.get(*index).cloned().ok_or_else(missing)
        };
        let key_types = partition_by.iter().map(key_type).collect::<Result<Vec<_>>>()?;
        let state_keys = StateKeys {
            table: ROWS,
            key_groups: context.key_groups,
        };
        // Without keys there is one row.
        let cold = context.cold.clone().filter(|_| !key_types.is_empty());
        let keys = KeyTable::new(&key_types)?;
        Ok(Self {
            gap_us,
            partition_by: partition_by.to_vec(),
            output,
            state: KeyedState::new(keys, SessionBuffer::new(gap_us), state_keys, cold),
            progress: Progress::new(PROGRESS),
            context,
            bytes: KeyBytes::default(),
        })
    }

    /// Keeps a row, or takes one back; false if it is late.
    fn take(&mut self, key: Group, time: i64, row: usize, is_addition: bool) -> bool {
        let buffer = &mut self.state.content;
        let has_neighbour = buffer.has_neighbour(key, time);
        if !has_neighbour && time.saturating_add(self.gap_us) <= self.progress.watermark {
            return false;
        }
        if is_addition {
            buffer.add(key, time, self.progress.next_arrival, self.bytes.row(row));
            self.progress.next_arrival += 1;
        } else {
            buffer.take_back(key, time, self.bytes.row(row));
        }
        true
    }

    /// Sorts closed sessions by end, then by key.
    fn sort(&self, closed: &mut [Closed]) {
        let mut keys = closed.iter().map(|session| session.key).collect::<Vec<_>>();
        keys.sort_unstable();
        keys.dedup();
        self.state.keys.sort(&mut keys);
        let ranks = keys
            .iter()
            .enumerate()
            .map(|(rank, key)| (*key, rank))
            .collect::<HashMap<_, _>>();
        closed.sort_by_key(|session| (session.window.end, ranks.get(&session.key).copied()));
    }

    /// Emits closed sessions in order, together with those that are not in memory and end after `from`.
    fn emit(
        &mut self,
        closed: Vec<Closed>,
        cold: Option<Arc<ColdState>>,
        from: Watermark,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let Some(cold) = cold else {
            for session in closed {
                self.output.add_key_of(&self.state.keys, session.key);
                self.output.add(session.window, &session.rows, out)?;
            }
            return self.output.flush(out);
        };
        let closed = closed
            .into_iter()
            .map(|session| (session.window.end, session.key, session));
        let mut due = DueRows::new(cold, closed.collect(), from, self.progress.watermark);
        loop {
            let piece = due.next(&mut self.state)?;
            if piece.is_empty() {
                return self.output.flush(out);
            }
            for row in piece {
                match row {
                    DueRow::Hot(session) => {
                        self.output.add_key_of(&self.state.keys, session.key);
                        self.output.add(session.window, &session.rows, out)?;
                    }
                    DueRow::Cold { time, key, value } => {
                        if let Some((window, rows)) = stored_session(&value, time, self.gap_us)? {
                            self.output.add_key(&key)?;
                            self.output.add(window, &rows, out)?;
                        }
                    }
                }
            }
        }
    }

    /// Has the keys of closed sessions go, if they have no other.
    fn forget(&mut self, keys: Vec<Group>) -> Result<()> {
        let has_more = |key: &Group| !self.state.content.is_empty(*key);
        let changed = keys.iter().copied().filter(has_more).collect::<Vec<_>>();
        self.state.changed(&changed)?;
        self.state.drop_empty(keys)
    }
}

impl Operator for SessionAssign {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        self.state.make_room(batch.num_rows())?;
        let key_columns = self
            .partition_by
            .iter()
            .map(|key| batch.column(*key).clone())
            .collect::<Vec<_>>();
        let mut keys = Vec::with_capacity(batch.num_rows());
        self.state.intern(&key_columns, batch.num_rows(), &mut keys)?;
        self.state.thaw(&keys)?;
        self.bytes.fill_exact(batch.rows().columns(), batch.num_rows())?;
        let mut is_late = vec![false; batch.num_rows()];
        let mut changed = Vec::with_capacity(batch.num_rows());
        for (row, (key, time)) in keys.iter().zip(batch.event_time().iter()).enumerate() {
            if time.checked_add(self.gap_us).is_none() {
                report(&batch, row, "its session is outside the range of timestamps", out)?;
            } else if self.take(*key, *time, row, batch.kind(row).is_addition()) {
                changed.push(*key);
            } else {
                is_late[row] = true;
            }
        }
        self.state.changed(&changed)?;
        self.state.drop_empty(keys)?;
        if is_late.contains(&true) {
            out.late(batch.filter(&BooleanArray::from(is_late))?)?;
        }
        Ok(())
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        let from = std::mem::replace(&mut self.progress.watermark, watermark);
        let due = self.state.content.take_due(watermark);
        self.state.thaw(&due)?;
        let mut closed = self.state.content.close(&due, watermark);
        self.sort(&mut closed);
        let keys = closed.iter().map(|session| session.key).collect();
        let cold = self.state.cold_rows().cloned();
        self.emit(closed, cold, from, out)?;
        self.state.content.watermark = watermark;
        self.forget(keys)?;
        self.state.sweep_aside(watermark)?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        snapshot_at_once(self, epoch, state)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        let is_continued = state.is_continued();
        for_each_batch(state, |rows| {
            let keys = self.progress.take(rows, ROWS, &self.context)?;
            self.state.restore(&keys)
        })?;
        self.state.finish_restore(is_continued);
        self.progress.finish_restore(&self.context, is_continued);
        self.state.content.watermark = self.progress.watermark;
        // What was closed while it was not in memory may still be stored.
        let due = self.state.content.take_due(self.progress.watermark);
        let closed = self.state.content.close(&due, self.progress.watermark);
        self.forget(closed.into_iter().map(|session| session.key).collect())
    }

    fn state_bytes(&self) -> usize {
        self.state.state_bytes()
    }

    fn freezing(&mut self) -> Option<&mut dyn FreezingOperator> {
        Some(self)
    }

    fn cold(&self) -> Option<ColdFigures> {
        self.state.figures()
    }
}

impl FreezingOperator for SessionAssign {
    fn freeze(&mut self, epoch: u64) -> Result<()> {
        let rows = self.state.freeze(epoch, self.progress.watermark)?;
        self.progress.snapshot(&self.context, rows)
    }

    fn copy_frozen(&mut self, row_count: usize) -> Result<Option<SnapshotRows>> {
        self.state.copy_frozen(row_count)
    }
}
