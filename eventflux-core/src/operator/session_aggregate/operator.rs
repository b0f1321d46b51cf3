//! The operator.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::SchemaRef;

use super::session_states::{SessionStates, bounds};
use super::sessions::{Due, Session, Sessions, Slot};
use super::totals::{SessionRows, SessionTotals};
use crate::batch::EventBatch;
use crate::element::{WATERMARK_MAX, Watermark};
use crate::error::{Error, Result};
use crate::operator::aggregate::Stored;
use crate::operator::bad_result::{drop_failures, report};
use crate::operator::group::{
    Aggregation, CallStates, DueRow, DueRows, Group, KeyTable, KeyedState, Rows, StateKeys,
};
use crate::operator::progress::Progress;
use crate::operator::result_rows::ResultRows;
use crate::operator::window_aggregate::Span;
use crate::operator::{FreezingOperator, Operator, OperatorContext, Output, snapshot_at_once};
use crate::plan::{WindowAggregateSpec, WindowSpec, WindowTime};
use crate::state::cold::{ColdFigures, ColdState};
use crate::state::segment::SnapshotRows;
use crate::state::{StateReader, StateWriter, for_each_batch};

/// The tables of its snapshots.
const SESSIONS: u8 = 0;
const PROGRESS: u8 = 1;

/// Aggregates per key and session. Its input takes no rows back.
pub struct SessionAggregate {
    aggregation: Aggregation,
    session_rows: SessionRows,
    pub(super) state: KeyedState<SessionStates>,
    /// What is emitted, where not all of it was in memory.
    totals: SessionTotals,
    gap_us: i64,
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
        let sessions = Sessions::new(gap_us, spec.allowed_lateness_us);
        let content = SessionStates::new(sessions, CallStates::new(&aggregation)?);
        let keys = KeyTable::new(&aggregation.key_types)?;
        // Without keys there is one row.
        let cold = context.cold.clone().filter(|_| !aggregation.keys.is_empty());
        Ok(Self {
            session_rows: SessionRows::new(output)?,
            state: KeyedState::new(keys, content, state_keys, cold),
            totals: SessionTotals::new(&aggregation)?,
            aggregation,
            gap_us,
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
        let (slot, absorbed) = self.state.content.sessions.add(key, time, touched);
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
            self.state
                .content
                .states
                .resize(self.state.content.sessions.slot_count());
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
            self.state
                .content
                .states
                .update(&self.aggregation, rows, &slots)?;
            for (from, into) in &pending.absorbed {
                self.state.content.states.absorb(*from, *into)?;
                self.state.content.sessions.release(*from);
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

    /// Notes what has become of the keys of a batch: rows that were left out change nothing.
    fn note_changes(&mut self, keys: &[Group], left_out: &[usize]) -> Result<()> {
        if left_out.is_empty() {
            return self.state.changed(keys);
        }
        let mut left_out = left_out.iter().copied().peekable();
        let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
        for (row, key) in keys.iter().enumerate() {
            match left_out.next_if_eq(&row) {
                Some(_) => unchanged.push(*key),
                None => changed.push(*key),
            }
        }
        self.state.changed(&changed)?;
        self.state.drop_empty(unchanged)
    }

    /// Rows of the output for sessions of these keys.
    pub(super) fn rows(&self, due: &[Due], results: Vec<ArrayRef>) -> Result<EventBatch> {
        let keys = due.iter().map(|due| due.key).collect::<Vec<_>>();
        let windows = due
            .iter()
            .map(|due| self.window(&due.session))
            .collect::<Vec<_>>();
        self.session_rows.of(&self.state.keys, &keys, &windows, results)
    }

    pub(super) fn window(&self, session: &Session) -> Span {
        Span {
            start: session.start,
            end: self.state.content.sessions.end(session),
        }
    }

    /// Sorts sessions by their ends, then by key.
    fn sort(&self, fired: &mut [Due]) {
        let mut keys = fired.iter().map(|due| due.key).collect::<Vec<_>>();
        keys.sort_unstable();
        keys.dedup();
        self.state.keys.sort(&mut keys);
        let ranks = keys
            .into_iter()
            .enumerate()
            .map(|(rank, key)| (key, rank))
            .collect::<HashMap<_, _>>();
        fired.sort_unstable_by_key(|due| {
            let end = self.state.content.sessions.end(&due.session);
            (end, ranks.get(&due.key).copied())
        });
    }

    /// Emits sessions in order.
    fn emit(&mut self, fired: &[Due], out: &mut Output<'_>) -> Result<()> {
        for due in fired.chunks(self.results.rows_max()) {
            let slots = due.iter().map(|due| due.session.slot).collect::<Vec<_>>();
            let results = self.state.content.states.evaluate(&slots)?;
            let batch = self.rows(due, results.columns)?;
            self.results
                .push(drop_failures(batch, &results.failures, out)?, out)?;
        }
        self.results.flush(out)
    }

    /// Emits sessions in order, together with those that are not in memory and end after `from`.
    fn emit_with_cold(
        &mut self,
        cold: &Arc<ColdState>,
        fired: Vec<Due>,
        from: Watermark,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let sessions = &self.state.content.sessions;
        let hot = fired
            .into_iter()
            .map(|due| (sessions.end(&due.session), due.key, due));
        let hot = hot.collect();
        let mut due = DueRows::new(Arc::clone(cold), hot, from, self.progress.watermark);
        loop {
            let piece = due.next(&mut self.state)?;
            if piece.is_empty() {
                return self.results.flush(out);
            }
            for row in piece {
                self.add_due(row)?;
            }
            self.totals.emit(&self.session_rows, &mut self.results, out)?;
        }
    }

    /// Adds a session to those that are emitted.
    fn add_due(&mut self, row: DueRow<Due>) -> Result<()> {
        let slot = self.totals.next_slot();
        match row {
            DueRow::Hot(due) => {
                let states = &self.state.content.states;
                self.totals.states.merge(states, &[due.session.slot], &[slot])?;
                let key = self.totals.keys.intern_from(&self.state.keys, due.key);
                self.totals.add(key, self.window(&due.session));
            }
            DueRow::Cold { time, key, value } => {
                let mut input = Stored::new(&value);
                for (start, last) in bounds(&mut input)? {
                    self.totals.states.decode(slot, &mut input)?;
                    let end = last.saturating_add(self.gap_us);
                    if end == time {
                        let mut keys = Vec::with_capacity(1);
                        self.totals.keys.intern_encoded(&[&key], &mut keys)?;
                        self.totals.add(keys[0], Span { start, end });
                        break;
                    }
                    // An earlier one of the same key.
                    self.totals.states.remove(&[slot]);
                }
            }
        }
        Ok(())
    }

    fn forget(&mut self, over: &[Due]) -> Result<()> {
        let keys = over.iter().map(|due| due.key).collect::<Vec<_>>();
        self.state.thaw(&keys)?;
        self.state.content.release(over);
        let has_more = |key: &Group| !self.state.content.sessions.of_key(*key).is_empty();
        let changed = keys.iter().copied().filter(has_more).collect::<Vec<_>>();
        self.state.changed(&changed)?;
        self.state.drop_empty(keys)
    }

    /// What is over at a watermark ended at this time or before.
    fn over_up_to(&self) -> i64 {
        match self.progress.watermark {
            WATERMARK_MAX => WATERMARK_MAX,
            watermark => watermark.saturating_sub(self.lateness_us),
        }
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
        self.state.make_room(batch.num_rows())?;
        let mut keys = std::mem::take(&mut self.row_keys);
        keys.clear();
        let key_columns = self
            .aggregation
            .keys
            .iter()
            .map(|key| batch.column(*key).clone())
            .collect::<Vec<_>>();
        self.state.intern(&key_columns, batch.num_rows(), &mut keys)?;
        self.state.thaw(&keys)?;
        let mut is_late = Vec::new();
        let mut left_out = Vec::new();
        for (row, (key, time)) in keys.iter().zip(batch.event_time().iter()).enumerate() {
            let sessions = &self.state.content.sessions;
            let touched = sessions.touched(*key, *time);
            if !sessions.is_in_range(*time) {
                report(&batch, row, "its session is outside the range of timestamps", out)?;
                left_out.push(row);
            } else if touched.is_empty() && sessions.is_late(*time, self.progress.watermark) {
                is_late.resize(batch.num_rows(), false);
                is_late[row] = true;
                left_out.push(row);
            } else if self.needs_correction(*key, *time, &touched) {
                self.add_pending(&batch)?;
                self.correct(&batch, row, *key, touched, out)?;
            } else {
                self.note(row, *key, *time, touched);
            }
        }
        self.add_pending(&batch)?;
        self.results.flush(out)?;
        self.note_changes(&keys, &left_out)?;
        self.row_keys = keys;
        if is_late.is_empty() {
            return Ok(());
        }
        out.late(batch.filter(&BooleanArray::from(is_late))?)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        let from = std::mem::replace(&mut self.progress.watermark, watermark);
        let mut elapsed = self.state.content.sessions.elapse(watermark);
        self.sort(&mut elapsed.fired);
        match self.state.cold_rows().cloned() {
            None => self.emit(&elapsed.fired, out)?,
            Some(cold) => self.emit_with_cold(&cold, elapsed.fired, from, out)?,
        }
        self.state.content.watermark = watermark;
        self.forget(&elapsed.over)?;
        self.state.sweep_aside(self.over_up_to())?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        snapshot_at_once(self, epoch, state)
    }

    fn freezing(&mut self) -> Option<&mut dyn FreezingOperator> {
        Some(self)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        let is_continued = state.is_continued();
        for_each_batch(state, |rows| {
            let sessions = self.progress.take(rows, SESSIONS, &self.context)?;
            self.state.restore(&sessions)
        })?;
        self.state.finish_restore(is_continued);
        self.progress.finish_restore(&self.context, is_continued);
        self.state.content.watermark = self.progress.watermark;
        let over = self
            .state
            .content
            .sessions
            .finish_restore(self.progress.watermark);
        self.forget(&over)
    }

    fn state_bytes(&self) -> usize {
        self.state.state_bytes()
    }

    fn cold(&self) -> Option<ColdFigures> {
        self.state.figures()
    }
}

impl FreezingOperator for SessionAggregate {
    fn freeze(&mut self, epoch: u64) -> Result<()> {
        let over = self.over_up_to();
        self.progress
            .snapshot(&self.context, self.state.freeze(epoch, over)?)
    }

    fn copy_frozen(&mut self, row_count: usize) -> Result<Option<SnapshotRows>> {
        self.state.copy_frozen(row_count)
    }
}

#[cfg(test)]
#[path = "operator_test.rs"]
mod tests;
