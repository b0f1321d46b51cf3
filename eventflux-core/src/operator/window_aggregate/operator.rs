//! The operator for windows of fixed bounds: tumble, hop, cumulate, and windows attached by an earlier operator.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;

use super::partial_rows::PartialRows;
use super::place::{Fate, Placement, Run, each_piece};
use super::slice_store::{PREFIX, SliceStore};
use super::slicing::Span;
use super::window_columns::WindowColumns;
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::operator::bad_result::{drop_failures, report};
use crate::operator::group::{Aggregation, Group, GroupTable, Rows, StateKeys, stored_row_count};
use crate::operator::progress::Progress;
use crate::operator::result_rows::ResultRows;
use crate::operator::{FreezingOperator, Operator, OperatorContext, Output, snapshot_at_once};
use crate::plan::WindowAggregateSpec;
use crate::state::cold::ColdFigures;
use crate::state::segment::SnapshotRows;
use crate::state::{StateReader, StateWriter, for_each_batch};

/// The tables of its snapshots.
const SLICES: u8 = 0;
const PROGRESS: u8 = 1;

/// Aggregates per key and window of fixed bounds.
pub struct WindowAggregate {
    pub(super) aggregation: Aggregation,
    pub(super) placement: Placement,
    /// What comes from [`LocalWindowAggregate`](super::LocalWindowAggregate).
    partial: PartialRows,
    pub(super) lateness_us: i64,
    pub(super) output: SchemaRef,
    pub(super) window_columns: WindowColumns,
    pub(super) store: SliceStore,
    pub(super) merged: GroupTable,
    pub(super) progress: Progress,
    arrivals: Vec<u64>,
    pub(super) results: ResultRows,
    context: OperatorContext,
}

impl WindowAggregate {
    /// Bytes in front of the keys of its rows: the bounds of a slice.
    pub const PREFIX_BYTES: usize = PREFIX;

    /// The operator of a spec; `retracts` says whether its input takes rows back.
    ///
    /// **Errors** The spec is about sessions, which have an operator of their own, or does not fit its schemas.
    pub fn new(
        spec: &WindowAggregateSpec,
        input: &SchemaRef,
        retracts: bool,
        output: &SchemaRef,
        context: OperatorContext,
    ) -> Result<Self> {
        let aggregation = Aggregation::new(&spec.keys, &spec.calls, input, retracts)?;
        let placement = Placement::new(&spec.window)
            .ok_or_else(|| Error::Bug("a session is no window of fixed bounds".into()))?;
        let keys = StateKeys {
            table: SLICES,
            key_groups: context.key_groups,
        };
        // Without keys a slice is a row.
        let cold = context.cold.clone().filter(|_| !aggregation.keys.is_empty());
        Ok(Self {
            store: SliceStore::new(placement.slicing(), keys, cold),
            merged: GroupTable::new(&aggregation, false)?,
            partial: PartialRows::new(&aggregation, &placement, input),
            aggregation,
            placement,
            lateness_us: spec.allowed_lateness_us,
            window_columns: WindowColumns::new(output)?,
            output: output.clone(),
            progress: Progress::new(PROGRESS),
            arrivals: Vec::new(),
            results: ResultRows::new(context.batch_rows_max),
            context,
        })
    }

    /// Adds rows that share a fate.
    fn add(&mut self, fate: Fate, batch: &EventBatch, arrivals: &[u64], out: &mut Output<'_>) -> Result<()> {
        match fate {
            Fate::Slice(slice) => {
                self.store.make_room(slice, batch.num_rows(), &self.aggregation)?;
                let windows = self.windows_to_correct(slice);
                if !windows.is_empty() {
                    return self.correct(slice, &windows, batch, arrivals, out);
                }
                let rows = Rows {
                    columns: batch.rows(),
                    kinds: batch.kinds().map(AsRef::as_ref),
                    arrivals,
                };
                self.store
                    .slice(slice, &self.aggregation)?
                    .update(&self.aggregation, rows)?;
            }
            Fate::Bad(reason) => {
                for row in 0..batch.num_rows() {
                    report(batch, row, reason, out)?;
                }
            }
            Fate::Late | Fate::Gap => {}
        }
        Ok(())
    }

    fn add_runs(&mut self, runs: &[Run], batch: &EventBatch, out: &mut Output<'_>) -> Result<()> {
        let arrivals = std::mem::take(&mut self.arrivals);
        // Corrections come out in the order of the rows that cause them.
        let keeps_order = self.lateness_us > 0;
        each_piece(batch, &arrivals, runs, keeps_order, |fate, rows, arrivals| {
            self.add(fate, rows, arrivals, out)
        })?;
        self.arrivals = arrivals;
        Ok(())
    }

    /// Adds partial aggregates, none of which corrects a window.
    fn add_partial(&mut self, batch: &EventBatch, out: &mut Output<'_>) -> Result<()> {
        let runs = self.partial.placement.runs(batch, self.is_late())?;
        each_piece(batch, &[], &runs, false, |fate, piece, arrivals| {
            let states = PartialRows::states(piece)?;
            let Fate::Slice(slice) = fate else {
                // Their slice was closed while the channel was idle.
                let counts = states.iter().flatten().map(stored_row_count);
                out.late_count(counts.sum::<Result<i64>>()?.unsigned_abs());
                return Ok(());
            };
            self.store.make_room(slice, piece.num_rows(), &self.aggregation)?;
            let rows = Rows {
                columns: piece.rows(),
                kinds: None,
                arrivals,
            };
            let table = self.store.slice(slice, &self.aggregation)?;
            table.absorb(&self.partial.aggregation, rows, states)
        })
    }

    /// Whether the rows of a slice are late: the watermark has reached its last window's end plus the allowed lateness.
    fn is_late(&self) -> impl Fn(Span) -> bool + use<> {
        let (slicing, lateness_us) = (self.placement.slicing(), self.lateness_us);
        let watermark = self.progress.watermark;
        move |slice| slicing.last_end(slice).saturating_add(lateness_us) <= watermark
    }

    /// Emits the windows that the watermark has reached.
    fn fire(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        loop {
            let windows = self.store.due(watermark);
            let Some(end) = windows.first().map(|window| window.end) else {
                break;
            };
            for window in windows {
                self.emit_window(window, out)?;
            }
            self.store.fired(end);
        }
        self.store.fired(watermark);
        self.results.flush(out)
    }

    fn emit_window(&mut self, window: Span, out: &mut Output<'_>) -> Result<()> {
        if let Some(cold) = self.store.cold().cloned() {
            let mut slices = self.store.of_window(window);
            let (first, is_one) = (slices.next(), slices.next().is_none());
            if !is_one || first.is_some_and(|(_, table)| table.is_cold()) {
                drop(slices);
                return self.emit_cold_window(window, &cold, out);
            }
        }
        let mut slices = self.store.of_window(window);
        let Some((_, first)) = slices.next() else {
            return Ok(());
        };
        let Some((_, second)) = slices.next() else {
            return emit_table(
                &self.output,
                &self.window_columns,
                &mut self.results,
                first,
                window,
                out,
            );
        };
        for table in [first, second].into_iter().chain(slices.map(|(_, table)| table)) {
            self.merged.merge(table, &table.keys().groups())?;
        }
        emit_table(
            &self.output,
            &self.window_columns,
            &mut self.results,
            &self.merged,
            window,
            out,
        )?;
        self.merged.forget();
        Ok(())
    }
}

/// Emits the groups of a table as the results of a window.
pub(super) fn emit_table(
    schema: &SchemaRef,
    window_columns: &WindowColumns,
    results: &mut ResultRows,
    table: &GroupTable,
    window: Span,
    out: &mut Output<'_>,
) -> Result<()> {
    for groups in table.present().chunks(results.rows_max()) {
        let evaluated = table.evaluate(groups)?;
        let rows = window_rows(schema, window_columns, table, groups, evaluated.columns, window)?;
        let batch = EventBatch::at(rows, window.end - 1);
        results.push(drop_failures(batch, &evaluated.failures, out)?, out)?;
    }
    Ok(())
}

/// Keys, results and window columns of groups as rows of the output.
fn window_rows(
    schema: &SchemaRef,
    window_columns: &WindowColumns,
    table: &GroupTable,
    groups: &[Group],
    results: Vec<arrow::array::ArrayRef>,
    window: Span,
) -> Result<RecordBatch> {
    let mut columns = table.keys().columns(groups)?;
    columns.extend(results);
    columns.extend(window_columns.of(&vec![window; groups.len()])?);
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

impl Operator for WindowAggregate {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        if batch.is_partial() {
            return self.add_partial(&batch, out);
        }
        if self.aggregation.needs_arrivals() {
            self.progress.arrivals(batch.num_rows(), &mut self.arrivals);
        }
        let runs = self.placement.runs(&batch, self.is_late())?;
        self.add_runs(&runs, &batch, out)?;
        if runs.iter().any(|run| run.fate == Fate::Late) {
            let mut late = vec![false; batch.num_rows()];
            for run in runs.iter().filter(|run| run.fate == Fate::Late) {
                late[run.start..run.start + run.length].fill(true);
            }
            out.late(batch.filter(&BooleanArray::from(late))?)?;
        }
        Ok(())
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        self.progress.watermark = watermark;
        self.fire(watermark, out)?;
        self.store.purge(watermark, self.lateness_us)?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        snapshot_at_once(self, epoch, state)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        let is_continued = state.is_continued();
        for_each_batch(state, |rows| {
            let slices = self.progress.take(rows, SLICES, &self.context)?;
            self.store.restore(&slices, &self.aggregation)
        })?;
        self.progress.finish_restore(&self.context, is_continued);
        self.store.find_cold(&self.aggregation)?;
        self.store.finish_restore(self.progress.watermark, is_continued);
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.store.state_bytes() + self.merged.state_bytes()
    }

    fn freezing(&mut self) -> Option<&mut dyn FreezingOperator> {
        Some(self)
    }

    fn cold(&self) -> Option<ColdFigures> {
        self.store.cold().map(|cold| cold.figures())
    }
}

impl FreezingOperator for WindowAggregate {
    fn freeze(&mut self, epoch: u64) -> Result<()> {
        let rows = self.store.freeze(epoch)?;
        self.progress.snapshot(&self.context, rows)
    }

    fn copy_frozen(&mut self, row_count: usize) -> Result<Option<SnapshotRows>> {
        self.store.copy_frozen(row_count)
    }
}

#[cfg(test)]
#[path = "operator_test.rs"]
mod tests;
