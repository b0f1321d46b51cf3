//! Corrections of sessions that were emitted and are kept for late rows.

use std::ops::Range;

use arrow::array::{ArrayRef, make_comparator};
use arrow::compute::SortOptions;

use super::operator::SessionAggregate;
use super::sessions::Due;
use crate::batch::{EventBatch, RowKind};
use crate::error::Result;
use crate::operator::Output;
use crate::operator::bad_result::report;
use crate::operator::group::{Group, Results};

impl SessionAggregate {
    /// Whether a row changes what was emitted, or has to be emitted at once.
    pub(super) fn needs_correction(&self, key: Group, time: i64, touched: &Range<usize>) -> bool {
        if self.lateness_us == 0 {
            return false;
        }
        let touched = &self.state.content.sessions.of_key(key)[touched.clone()];
        match touched.is_empty() {
            true => self
                .state
                .content
                .sessions
                .is_late(time, self.progress.watermark.saturating_add(self.lateness_us)),
            false => touched.iter().any(|session| session.is_fired),
        }
    }

    /// Adds one row and emits what it changes.
    pub(super) fn correct(
        &mut self,
        batch: &EventBatch,
        row: usize,
        key: Group,
        touched: Range<usize>,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let sessions = self.state.content.sessions.of_key(key)[touched.clone()].to_vec();
        let fired = sessions.into_iter().filter(|session| session.is_fired);
        let fired = fired.map(|session| Due { key, session }).collect::<Vec<_>>();
        let mut before = Vec::with_capacity(fired.len());
        for due in &fired {
            before.push((*due, self.state.content.states.evaluate(&[due.session.slot])?));
        }
        let slot = self.note(row, key, batch.event_time()[row], touched);
        self.add_pending(batch)?;
        let reached = |end: i64| end <= self.progress.watermark;
        let session = self
            .state
            .content
            .sessions
            .of_key(key)
            .iter()
            .find(|session| session.slot == slot)
            .copied();
        let is_fired = session.is_some_and(|session| reached(self.state.content.sessions.end(&session)));
        let after = self
            .state
            .content
            .sessions
            .set_fired(slot, is_fired)
            .filter(|_| is_fired);
        let after = match after {
            None => None,
            Some(session) => Some((Due { key, session }, self.state.content.states.evaluate(&[slot])?)),
        };
        self.emit_change(before, after, out)
    }

    fn emit_change(
        &mut self,
        before: Vec<(Due, Results)>,
        after: Option<(Due, Results)>,
        out: &mut Output<'_>,
    ) -> Result<()> {
        if let Some((due, results)) = &after
            && let Some((_, reason)) = results.failures.first()
        {
            report(&self.rows(&[*due], results.columns.clone())?, 0, reason, out)?;
        }
        let before = before
            .into_iter()
            .filter(|(_, results)| results.failures.is_empty())
            .collect::<Vec<_>>();
        let after = after.filter(|(_, results)| results.failures.is_empty());
        // With the same bounds it is an update of the same row, with others it is another row.
        let is_update = match (before.as_slice(), &after) {
            ([(old, _)], Some((new, _))) => self.window(&old.session) == self.window(&new.session),
            _ => false,
        };
        if is_update
            && let ([(_, old)], Some((_, new))) = (before.as_slice(), &after)
            && is_same(&old.columns, &new.columns)?
        {
            return Ok(());
        }
        let (old_kind, new_kind) = match is_update {
            true => (RowKind::UpdateBefore, RowKind::UpdateAfter),
            false => (RowKind::Delete, RowKind::Insert),
        };
        for (due, results) in before {
            self.push_change(due, results, old_kind, out)?;
        }
        match after {
            Some((due, results)) => self.push_change(due, results, new_kind, out),
            None => Ok(()),
        }
    }

    fn push_change(&mut self, due: Due, results: Results, kind: RowKind, out: &mut Output<'_>) -> Result<()> {
        let batch = self
            .rows(&[due], results.columns)?
            .with_kinds(Some([kind].into()))?;
        self.results.push(batch, out)
    }
}

fn is_same(left: &[ArrayRef], right: &[ArrayRef]) -> Result<bool> {
    for (left, right) in left.iter().zip(right) {
        if make_comparator(left, right, SortOptions::default())?(0, 0).is_ne() {
            return Ok(false);
        }
    }
    Ok(true)
}
