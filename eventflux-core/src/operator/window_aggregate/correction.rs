//! Corrections of windows that were emitted and are kept for late rows.

use std::collections::BTreeSet;

use arrow::array::ArrayRef;
use arrow::compute::SortOptions;

use super::operator::WindowAggregate;
use super::slicing::Span;
use crate::batch::{EventBatch, RowKind};
use crate::error::Result;
use crate::key::KeyBytes;
use crate::operator::Output;
use crate::operator::bad_result::report;
use crate::operator::group::{Group, Rows};

/// The result of one key in one window.
struct WindowResult {
    /// One row per call; nothing if the key has no rows in the window.
    columns: Option<Vec<ArrayRef>>,
    failure: Option<String>,
}

impl WindowResult {
    fn is_emitted(&self) -> bool {
        self.columns.is_some() && self.failure.is_none()
    }

    fn equals(&self, other: &Self) -> Result<bool> {
        let (Some(columns), Some(others)) = (&self.columns, &other.columns) else {
            return Ok(false);
        };
        for (column, other) in columns.iter().zip(others) {
            if arrow::array::make_comparator(column, other, SortOptions::default())?(0, 0).is_ne() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl WindowAggregate {
    /// The windows of a slice that were emitted and still take late rows.
    pub(super) fn windows_to_correct(&self, slice: Span) -> Vec<Span> {
        let slicing = self.placement.slicing();
        let mut windows = Vec::new();
        if self.lateness_us == 0 {
            return windows;
        }
        // Windows that end by then are closed for good.
        let mut after = self.progress.watermark.saturating_sub(self.lateness_us);
        while let Some(end) = slicing
            .next_end(slice, after)
            .filter(|end| *end <= self.progress.watermark)
        {
            windows.push(Span {
                start: slicing.window_start(end).unwrap_or(slice.start),
                end,
            });
            after = end;
        }
        windows
    }

    /// Adds the rows of a slice one after the other and emits what each changes in these windows.
    pub(super) fn correct(
        &mut self,
        slice: Span,
        windows: &[Span],
        batch: &EventBatch,
        arrivals: &[u64],
        out: &mut Output<'_>,
    ) -> Result<()> {
        for row in 0..batch.num_rows() {
            let one = batch.slice(row, 1);
            let arrivals = arrivals.get(row..row + 1).unwrap_or_default();
            let rows = Rows {
                columns: one.rows(),
                kinds: one.kinds().map(AsRef::as_ref),
                arrivals,
            };
            let table = self.store.slice(slice, &self.aggregation)?;
            table.intern(&self.aggregation, rows)?;
            let group = table.last_groups()[0];
            if self.store.is_limited() {
                self.load_key(slice, group, windows)?;
            }
            let before = self.results_of(slice, group, windows)?;
            let (states, groups) = self.store.slice(slice, &self.aggregation)?.states_and_groups();
            states.update(&self.aggregation, rows, groups)?;
            let after = self.results_of(slice, group, windows)?;
            for (window, (before, after)) in windows.iter().zip(before.iter().zip(&after)) {
                self.emit_correction(slice, group, *window, before, after, out)?;
            }
        }
        self.results.flush(out)
    }

    /// Brings the rows of a slice's key into memory, of all slices of these windows.
    fn load_key(&mut self, slice: Span, group: Group, windows: &[Span]) -> Result<()> {
        let mut key = KeyBytes::default();
        let Some(table) = self.store.get(slice) else {
            return Ok(());
        };
        table.keys().encode(&[group], &mut key)?;
        let slices = windows
            .iter()
            .flat_map(|window| self.store.of_window(*window).map(|(slice, _)| slice))
            .collect::<BTreeSet<_>>();
        self.store.load(slices, key.row(0))
    }

    fn results_of(&mut self, slice: Span, group: Group, windows: &[Span]) -> Result<Vec<WindowResult>> {
        windows
            .iter()
            .map(|window| self.result_of(slice, group, *window))
            .collect()
    }

    /// The result in a window of the key that a slice has under a group.
    fn result_of(&mut self, slice: Span, group: Group, window: Span) -> Result<WindowResult> {
        let absent = WindowResult {
            columns: None,
            failure: None,
        };
        let Some(source) = self.store.get(slice) else {
            return Ok(absent);
        };
        for (_, table) in self.store.of_window(window) {
            if let Some(group) = table.keys().find_from(source.keys(), group) {
                self.merged.merge(table, &[group])?;
            }
        }
        let present = self.merged.present();
        let result = match present.is_empty() {
            true => absent,
            false => {
                let results = self.merged.evaluate(&present)?;
                let failure = results.failures.into_iter().next().map(|(_, reason)| reason);
                WindowResult {
                    columns: Some(results.columns),
                    failure,
                }
            }
        };
        self.merged.forget();
        Ok(result)
    }

    fn emit_correction(
        &mut self,
        slice: Span,
        group: Group,
        window: Span,
        before: &WindowResult,
        after: &WindowResult,
        out: &mut Output<'_>,
    ) -> Result<()> {
        if let (Some(reason), Some(columns)) = (&after.failure, &after.columns) {
            let batch = self.correction(slice, group, window, columns.clone(), RowKind::Insert)?;
            report(&batch, 0, reason, out)?;
        }
        let (old_kind, new_kind) = match (before.is_emitted(), after.is_emitted()) {
            (true, true) if before.equals(after)? => return Ok(()),
            (true, true) => (RowKind::UpdateBefore, RowKind::UpdateAfter),
            _ => (RowKind::Delete, RowKind::Insert),
        };
        for (result, kind) in [(before, old_kind), (after, new_kind)] {
            if let (true, Some(columns)) = (result.is_emitted(), &result.columns) {
                let batch = self.correction(slice, group, window, columns.clone(), kind)?;
                self.results.push(batch, out)?;
            }
        }
        Ok(())
    }

    fn correction(
        &self,
        slice: Span,
        group: Group,
        window: Span,
        columns: Vec<ArrayRef>,
        kind: RowKind,
    ) -> Result<EventBatch> {
        let mut all = match self.store.get(slice) {
            Some(table) => table.keys().columns(&[group])?,
            None => Vec::new(),
        };
        all.extend(columns);
        all.extend(self.window_columns.of(&[window])?);
        let rows = arrow::array::RecordBatch::try_new(self.output.clone(), all)?;
        EventBatch::at(rows, window.end - 1).with_kinds(Some([kind].into()))
    }
}
