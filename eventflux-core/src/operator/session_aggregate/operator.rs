//! The operator.

use std::collections::HashMap;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;

use super::sessions::{Due, Session, Sessions, Slot};
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::operator::aggregate::Stored;
use crate::operator::bad_result::{drop_failures, report};
use crate::operator::group::{
    Aggregation, CallStates, ChangeLog, Group, KeyTable, Rows, StateKeys, Tombstones,
};
use crate::operator::progress::Progress;
use crate::operator::result_rows::ResultRows;
use crate::operator::window_aggregate::{Span, WindowColumns};
use crate::operator::{Operator, OperatorContext, Output};
use crate::plan::{WindowAggregateSpec, WindowSpec, WindowTime};
use crate::state::{StateReader, StateRow, StateWriter, for_each_batch};

/// The tables of its snapshots.
const SESSIONS: u8 = 0;
const PROGRESS: u8 = 1;

/// Aggregates per key and session. Its input takes no rows back.
pub struct SessionAggregate {
    aggregation: Aggregation,
    pub(super) output: SchemaRef,
    window_columns: WindowColumns,
    pub(super) keys: KeyTable,
    pub(super) sessions: Sessions,
    pub(super) states: CallStates,
    log: ChangeLog,
    tombstones: Tombstones,
    state_keys: StateKeys,
    pub(super) progress: Progress,
    pub(super) lateness_us: i64,
    pub(super) results: ResultRows,
    context: OperatorContext,
    arrivals: Vec<u64>,
    /// The key of each row of a batch.
    row_keys: Vec<Group>,
    /// The rows of a batch that are being collected, with their sessions.
    pub(super) pending: Pending,
}

/// Rows next to each other whose sessions are known, and which are not yet added to the states.
#[derive(Debug, Default)]
pub(super) struct Pending {
    rows: Vec<u32>,
    slots: Vec<Slot>,
    /// Sessions that became part of others, in order.
    absorbed: Vec<(Slot, Slot)>,
}

impl SessionAggregate {
    /// The operator of a spec.
    ///
    /// **Errors** The spec is not about sessions, or does not fit its schemas.
    pub fn new(
        spec: &WindowAggregateSpec,
        input: &SchemaRef,
        output: &SchemaRef,
        context: OperatorContext,
    ) -> Result<Self> {
        let WindowTime::Assign(WindowSpec::Session { gap_us }) = spec.window else {
            return Err(Error::Bug("a window of fixed bounds is no session".into()));
        };
        let aggregation = Aggregation::new(&spec.keys, &spec.calls, input, false)?;
        let state_keys = StateKeys {
            table: SESSIONS,
            key_groups: context.key_groups,
        };
        Ok(Self {
            window_columns: WindowColumns::new(output)?,
            output: output.clone(),
            keys: KeyTable::new(&aggregation.key_types)?,
            sessions: Sessions::new(gap_us, spec.allowed_lateness_us),
            states: CallStates::new(&aggregation)?,
            aggregation,
            log: ChangeLog::new(false),
            tombstones: Tombstones::new(state_keys),
            state_keys,
            progress: Progress::new(PROGRESS),
            lateness_us: spec.allowed_lateness_us,
            results: ResultRows::new(context.batch_rows_max),
            context,
            arrivals: Vec::new(),
            row_keys: Vec::new(),
            pending: Pending::default(),
        })
    }

    /// Notes a row for its session. The state follows with [`SessionAggregate::add_pending`].
    pub(super) fn note(
        &mut self,
        row: usize,
        key: Group,
        time: i64,
        touched: std::ops::Range<usize>,
    ) -> Slot {
        let (slot, absorbed) = self.sessions.add(key, time, touched);
        self.pending.rows.push(row as u32);
        self.pending.slots.push(slot);
        if let Some(absorbed) = absorbed {
            self.pending.absorbed.push((absorbed, slot));
        }
        slot
    }

    /// Adds the noted rows to the states of their sessions.
    pub(super) fn add_pending(&mut self, batch: &EventBatch) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        if !pending.rows.is_empty() {
            self.states.resize(self.sessions.slot_count());
            let slots = resolved(&pending);
            let arrivals = pending
                .rows
                .iter()
                .filter_map(|row| self.arrivals.get(*row as usize).copied());
            let arrivals = arrivals.collect::<Vec<_>>();
            let is_whole = pending.rows.len() == batch.num_rows();
            let taken = if is_whole {
                batch.clone()
            } else {
                batch.take(&pending.rows.clone().into())?
            };
            let rows = Rows {
                columns: taken.rows(),
                kinds: None,
                arrivals: &arrivals,
            };
            self.states.update(&self.aggregation, rows, &slots)?;
            for (from, into) in &pending.absorbed {
                self.states.absorb(*from, *into)?;
                self.sessions.release(*from);
            }
        }
        self.pending = Pending {
            absorbed: Vec::new(),
            ..pending
        };
        self.pending.rows.clear();
        self.pending.slots.clear();
        Ok(())
    }

    /// Rows of the output for sessions of these keys.
    pub(super) fn rows(&self, due: &[Due], results: Vec<ArrayRef>) -> Result<EventBatch> {
        let keys = due.iter().map(|due| due.key).collect::<Vec<_>>();
        let windows = due
            .iter()
            .map(|due| self.window(&due.session))
            .collect::<Vec<_>>();
        let mut columns = self.keys.columns(&keys)?;
        columns.extend(results);
        columns.extend(self.window_columns.of(&windows)?);
        let times = windows.iter().map(|window| window.end - 1).collect();
        EventBatch::new(RecordBatch::try_new(self.output.clone(), columns)?, times)
    }

    pub(super) fn window(&self, session: &Session) -> Span {
        Span {
            start: session.start,
            end: self.sessions.end(session),
        }
    }

    /// Emits sessions by their ends, then by key.
    fn emit(&mut self, mut fired: Vec<Due>, out: &mut Output<'_>) -> Result<()> {
        let mut keys = fired.iter().map(|due| due.key).collect::<Vec<_>>();
        keys.sort_unstable();
        keys.dedup();
        self.keys.sort(&mut keys);
        let ranks = keys
            .into_iter()
            .enumerate()
            .map(|(rank, key)| (key, rank))
            .collect::<HashMap<_, _>>();
        fired.sort_unstable_by_key(|due| (due.session.last, ranks.get(&due.key).copied()));
        for due in fired.chunks(self.results.rows_max()) {
            let slots = due.iter().map(|due| due.session.slot).collect::<Vec<_>>();
            let results = self.states.evaluate(&slots)?;
            let batch = self.rows(due, results.columns)?;
            self.results
                .push(drop_failures(batch, &results.failures, out)?, out)?;
        }
        self.results.flush(out)
    }

    fn forget(&mut self, over: Vec<Due>) -> Result<()> {
        let slots = over.iter().map(|due| due.session.slot).collect::<Vec<_>>();
        self.states.remove(&slots);
        slots.into_iter().for_each(|slot| self.sessions.release(slot));
        let mut keys = over.into_iter().map(|due| due.key).collect::<Vec<_>>();
        keys.sort_unstable();
        keys.dedup();
        self.log.changed(&keys);
        self.forget_keys(keys)
    }

    /// Forgets those of the keys that have no session.
    fn forget_keys(&mut self, mut keys: Vec<Group>) -> Result<()> {
        keys.retain(|key| self.sessions.of_key(*key).is_empty());
        self.tombstones.add(&[], &self.keys, &self.log.stored(&keys))?;
        self.log.removed(&keys);
        keys.into_iter().for_each(|key| self.keys.remove(key));
        Ok(())
    }

    fn restore_keys(&mut self, rows: &[StateRow<'_>]) -> Result<()> {
        for run in rows.chunk_by(|left, right| left.value.is_some() == right.value.is_some()) {
            let encoded = run.iter().map(|row| row.key).collect::<Vec<_>>();
            let mut keys = Vec::with_capacity(run.len());
            self.keys.intern_encoded(&encoded, &mut keys)?;
            self.sessions.resize(self.keys.slot_count());
            for (key, row) in keys.into_iter().zip(run) {
                self.restore_key(key, row.value)?;
            }
        }
        Ok(())
    }

    fn restore_key(&mut self, key: Group, value: Option<&[u8]>) -> Result<()> {
        let slots = self.sessions.forget(key);
        self.states.remove(&slots);
        let Some(value) = value else {
            self.keys.remove(key);
            return Ok(());
        };
        let mut input = Stored::new(value);
        for _ in 0..input.count()? {
            let (start, last) = (input.i64()?, input.i64()?);
            let slot = self.sessions.restore(key, start, last);
            self.states.resize(self.sessions.slot_count());
            self.states.decode(slot, &mut input)?;
        }
        input.finish()
    }
}

/// The slots of the rows, those of absorbed sessions replaced.
fn resolved(pending: &Pending) -> Vec<Slot> {
    if pending.absorbed.is_empty() {
        return pending.slots.clone();
    }
    let mut roots = HashMap::<Slot, Slot>::new();
    for (from, into) in pending.absorbed.iter().rev() {
        let root = roots.get(into).copied().unwrap_or(*into);
        roots.insert(*from, root);
    }
    pending
        .slots
        .iter()
        .map(|slot| roots.get(slot).copied().unwrap_or(*slot))
        .collect()
}

impl Operator for SessionAggregate {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        if batch.kinds().is_some() {
            return Err(Error::Bug(
                "a session aggregate over an append-only stream was given a changelog".into(),
            ));
        }
        if self.aggregation.needs_arrivals() {
            self.progress.arrivals(batch.num_rows(), &mut self.arrivals);
        }
        let mut keys = std::mem::take(&mut self.row_keys);
        keys.clear();
        let key_columns = self
            .aggregation
            .keys
            .iter()
            .map(|key| batch.column(*key).clone())
            .collect::<Vec<_>>();
        self.keys.intern(&key_columns, batch.num_rows(), &mut keys)?;
        self.sessions.resize(self.keys.slot_count());
        self.log.resize(self.keys.slot_count());
        let mut late = Vec::new();
        let mut left_out = Vec::new();
        for (row, (key, time)) in keys.iter().zip(batch.event_time().iter()).enumerate() {
            let touched = self.sessions.touched(*key, *time);
            if !self.sessions.is_in_range(*time) {
                report(&batch, row, "its session is outside the range of timestamps", out)?;
                left_out.push(*key);
            } else if touched.is_empty() && self.sessions.is_late(*time, self.progress.watermark) {
                late.push(row);
                left_out.push(*key);
            } else if self.needs_correction(*key, *time, &touched) {
                self.add_pending(&batch)?;
                self.correct(&batch, row, *key, touched, out)?;
            } else {
                self.note(row, *key, *time, touched);
            }
        }
        self.add_pending(&batch)?;
        self.results.flush(out)?;
        self.log.changed(&keys);
        self.row_keys = keys;
        left_out.sort_unstable();
        left_out.dedup();
        self.forget_keys(left_out)?;
        if late.is_empty() {
            return Ok(());
        }
        let mut is_late = vec![false; batch.num_rows()];
        late.into_iter().for_each(|row| is_late[row] = true);
        out.late(batch.filter(&BooleanArray::from(is_late))?)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        self.progress.watermark = watermark;
        let elapsed = self.sessions.elapse(watermark);
        self.emit(elapsed.fired, out)?;
        self.forget(elapsed.over)?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        self.tombstones.write(state)?;
        let keys = self.log.take(self.keys.slot_count(), || self.keys.groups());
        let mut value = Vec::new();
        self.state_keys
            .for_each(&[], &self.keys, &keys, |position, key_group, key| {
                let sessions = self.sessions.of_key(keys[position]);
                value.clear();
                value.extend_from_slice(&(sessions.len() as u32).to_be_bytes());
                for session in sessions {
                    value.extend_from_slice(&session.start.to_be_bytes());
                    value.extend_from_slice(&session.last.to_be_bytes());
                    self.states.encode(session.slot, &mut value)?;
                }
                state.write(StateRow {
                    table: SESSIONS,
                    key_group,
                    key,
                    value: Some(&value),
                })
            })?;
        self.progress.snapshot(&self.context, state)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        let is_continued = state.is_continued();
        for_each_batch(state, |rows| {
            let sessions = self.progress.take(rows, SESSIONS, &self.context)?;
            self.restore_keys(&sessions)
        })?;
        if is_continued {
            self.log.go_on(self.keys.slot_count(), &self.keys.groups());
        }
        self.progress.finish_restore(is_continued);
        self.sessions.finish_restore(self.progress.watermark);
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.keys.state_bytes()
            + self.sessions.state_bytes()
            + self.states.state_bytes()
            + self.log.state_bytes()
            + self.tombstones.state_bytes()
    }
}

#[cfg(test)]
#[path = "operator_test.rs"]
mod tests;
