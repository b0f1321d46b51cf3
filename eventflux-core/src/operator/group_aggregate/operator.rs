//! The operator.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;

use super::changes::{BatchGroups, CallResults, Changes, Presence};
use super::expiry::Expiry;
use crate::batch::{EventBatch, RowKind};
use crate::element::{WATERMARK_MAX, WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::operator::bad_result::report;
use crate::operator::group::{
    Aggregation, Group, GroupTable, HotBudget, HotSet, Rows, StateKeys, Tombstones,
};
use crate::operator::progress::Progress;
use crate::operator::{FreezingOperator, Operator, OperatorContext, Output, snapshot_at_once};
use crate::plan::GroupAggregateSpec;
use crate::state::cold::ColdFigures;
use crate::state::segment::SnapshotRows;
use crate::state::{StateReader, StateWriter, for_each_batch};

/// The tables of its snapshots.
const GROUPS: u8 = 0;
const PROGRESS: u8 = 1;

/// Aggregates per key without a window.
pub struct GroupAggregate {
    pub(super) aggregation: Aggregation,
    pub(super) table: GroupTable,
    output: SchemaRef,
    pub(super) batch: BatchGroups,
    pub(super) progress: Progress,
    arrivals: Vec<u64>,
    keys: StateKeys,
    pub(super) tombstones: Tombstones,
    /// What is known at once of the snapshot that is being taken.
    copied: SnapshotRows,
    pub(super) budget: Option<HotBudget>,
    /// Of groups that are forgotten when they are written no more.
    pub(super) expiry: Option<Box<Expiry>>,
    /// Whether results that stay as they are come out again.
    repeats_results: bool,
    context: OperatorContext,
}

impl GroupAggregate {
    /// The operator of a spec; `retracts` says whether its input takes rows back.
    ///
    /// **Errors** The spec does not fit its schemas.
    pub fn new(
        spec: &GroupAggregateSpec,
        input: &SchemaRef,
        retracts: bool,
        output: &SchemaRef,
        context: OperatorContext,
    ) -> Result<Self> {
        let aggregation = Aggregation::new(&spec.keys, &spec.calls, input, retracts)?
            .with_last_writes(spec.state_ttl.is_some());
        let keys = StateKeys {
            table: GROUPS,
            key_groups: context.key_groups,
        };
        // Without keys there is one group, which is always needed.
        let cold = context.cold.clone().filter(|_| !aggregation.keys.is_empty());
        Ok(Self {
            table: match &cold {
                None => GroupTable::new(&aggregation, false)?,
                Some(cold) => {
                    let hot = HotSet::new(Arc::clone(cold), &[], cold.has_rows(), true);
                    GroupTable::partly_cold(&aggregation, hot)?
                }
            },
            budget: cold.map(HotBudget::new),
            expiry: spec.state_ttl.map(|ttl| Box::new(Expiry::new(ttl))),
            repeats_results: spec.state_ttl.is_some_and(|ttl| ttl.repeats_results),
            aggregation,
            output: output.clone(),
            batch: BatchGroups::default(),
            progress: Progress::new(PROGRESS),
            arrivals: Vec::new(),
            keys,
            tombstones: Tombstones::new(keys),
            copied: SnapshotRows::default(),
            context,
        })
    }

    pub(super) fn is_global(&self) -> bool {
        self.aggregation.keys.is_empty()
    }

    /// Has groups leave memory if there would be too much in it with so many more rows.
    fn make_room(&mut self, row_count: usize) -> Result<()> {
        let Some(budget) = &mut self.budget else {
            return Ok(());
        };
        self.table.release();
        let slot_count = self.table.keys().slot_count();
        let beside = self.batch.state_bytes() + self.expiry.as_ref().map_or(0, |expiry| expiry.state_bytes());
        let fixed = self.table.fixed_bytes() + beside;
        let bytes = budget.bytes(row_count, slot_count, fixed, || self.table.state_bytes() + beside);
        let leaving = budget.leaving(bytes, self.table.in_memory(), row_count);
        if leaving > 0 && self.table.evict(leaving)? > 0 {
            budget.left();
        }
        let changed = self
            .table
            .changed_count()
            .saturating_mul(bytes / slot_count.max(1));
        budget.cold().set_changed(changed);
        Ok(())
    }

    /// Whether each row's group has a result before and after the row; or, if there are any, which rows take back what
    /// is not there. Brings the row counts up to date in the first case only.
    fn presence(&mut self, kinds: Option<&[RowKind]>, exists: bool) -> Result<Vec<Presence>, BooleanArray> {
        let is_global = self.is_global();
        let mut counts = self
            .batch
            .distinct
            .iter()
            .map(|group| self.table.states().row_count(*group))
            .collect::<Vec<_>>();
        let mut exists = exists;
        let mut presence = Vec::with_capacity(self.batch.local.len());
        let mut unknown = Vec::new();
        for (row, local) in self.batch.local.iter().enumerate() {
            let count = &mut counts[*local as usize];
            let before = *count;
            match kinds {
                Some(kinds) if !kinds[row].is_addition() && before <= 0 => unknown.push(row),
                Some(kinds) if !kinds[row].is_addition() => *count -= 1,
                _ => *count += 1,
            }
            presence.push(match is_global {
                true => Presence {
                    before: exists,
                    after: true,
                },
                false => Presence {
                    before: before > 0,
                    after: *count > 0,
                },
            });
            exists |= is_global;
        }
        if unknown.is_empty() {
            self.table
                .states_and_groups()
                .0
                .set_row_counts(&self.batch.distinct, &counts);
            return Ok(presence);
        }
        let mut known = vec![true; self.batch.local.len()];
        unknown.into_iter().for_each(|row| known[row] = false);
        Err(BooleanArray::from(known))
    }

    /// The row counts before the batch and after each row.
    fn counts(before: &[i64], batch: &BatchGroups, kinds: Option<&[RowKind]>) -> Vec<i64> {
        let mut counts = before.to_vec();
        let rows = batch.local.iter().enumerate();
        let after = rows.map(|(row, local)| {
            let count = &mut counts[*local as usize];
            *count += if kinds.is_none_or(|kinds| kinds[row].is_addition()) {
                1
            } else {
                -1
            };
            *count
        });
        after.collect()
    }

    /// Adds the rows to every call and keeps the results on the way.
    fn results(&mut self, rows: Rows<'_>, before: &[i64]) -> Result<Vec<CallResults>> {
        let (states, groups) = self.table.states_and_groups();
        let mut results = Vec::with_capacity(self.aggregation.calls.len());
        let mut after = None;
        for (call, aggregate) in self.aggregation.calls.iter().zip(states.aggregates()) {
            results.push(match aggregate {
                Some(aggregate) => CallResults::of_call(call, aggregate.as_mut(), rows, groups, &self.batch)?,
                None => {
                    let after = after.get_or_insert_with(|| Self::counts(before, &self.batch, rows.kinds));
                    CallResults::of_counts(before, after)
                }
            });
        }
        Ok(results)
    }

    fn emit(
        &self,
        changes: &Changes,
        results: &[CallResults],
        input: &EventBatch,
        out: &mut Output<'_>,
    ) -> Result<()> {
        for (position, row) in &changes.failed {
            let rows = self.rows(&[*position], &[*row], results)?;
            let batch = EventBatch::at(rows, input.event_time()[*row as usize]);
            let failures = results.iter().flat_map(|result| &result.failures);
            for (_, reason) in failures
                .filter(|(failed, _)| failed == &(*position as usize))
                .take(1)
            {
                report(&batch, 0, reason, out)?;
            }
        }
        let rows_max = self.context.batch_rows_max.max(1);
        let chunks = changes
            .positions
            .chunks(rows_max)
            .zip(changes.rows.chunks(rows_max));
        for ((positions, rows), kinds) in chunks.zip(changes.kinds.chunks(rows_max)) {
            let times = rows.iter().map(|row| input.event_time()[*row as usize]).collect();
            let batch = EventBatch::new(self.rows(positions, rows, results)?, times)?;
            out.emit(batch.with_kinds(Some(kinds.into()))?)?;
        }
        Ok(())
    }

    /// Output rows: the keys of input rows' groups with the results at these positions.
    fn rows(&self, positions: &[u32], rows: &[u32], results: &[CallResults]) -> Result<RecordBatch> {
        let groups = self.table.last_groups();
        let groups = rows
            .iter()
            .map(|row| groups[*row as usize])
            .collect::<Vec<Group>>();
        let mut columns = self.table.keys().columns(&groups)?;
        let indices = UInt32Array::from(positions.to_vec());
        for result in results {
            columns.push(take(&result.array, &indices, None)?);
        }
        record_batch(&self.output, columns, positions.len())
    }

    /// At the end of an input without rows, the one group without keys gets its result.
    fn emit_empty_result(&mut self, out: &mut Output<'_>) -> Result<()> {
        self.table.intern_only_group()?;
        let results = self.table.evaluate(&[0])?;
        let time = if self.progress.watermark == WATERMARK_MIN {
            0
        } else {
            self.progress.watermark
        };
        let batch = EventBatch::at(record_batch(&self.output, results.columns, 1)?, time);
        for (row, reason) in &results.failures {
            report(&batch, *row, reason, out)?;
        }
        if results.failures.is_empty() {
            out.emit(batch)
        } else {
            Ok(())
        }
    }
}

fn record_batch(schema: &SchemaRef, columns: Vec<ArrayRef>, row_count: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(row_count));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}

impl GroupAggregate {
    /// Finds the groups of a batch and marks them as changed.
    pub(super) fn intern(&mut self, batch: &EventBatch) -> Result<()> {
        if self.budget.is_some() {
            self.make_room(batch.num_rows())?;
        }
        let rows = Rows {
            columns: batch.rows(),
            kinds: None,
            arrivals: &[],
        };
        self.table.intern(&self.aggregation, rows)?;
        self.batch.fill(self.table.last_groups());
        Ok(())
    }

    /// Adds rows, or takes them back, and emits what changes. A group that begins anew does so with its first row.
    fn take(&mut self, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let kinds = batch.kinds().cloned();
        let kinds = kinds.as_deref();
        let is_known = !self.table.keys().is_empty();
        self.intern(&batch)?;
        self.begin_anew(&batch);
        let existed = is_known && self.has_only_group();
        let before = self
            .batch
            .distinct
            .iter()
            .map(|group| self.table.states().row_count(*group))
            .collect::<Vec<_>>();
        let presence = match self.presence(kinds, existed) {
            Ok(presence) => presence,
            Err(known) => {
                let known = batch.filter(&known)?;
                self.forget_empty_groups(is_known)?;
                return match known.num_rows() {
                    0 => Ok(()),
                    _ => self.take(known, out),
                };
            }
        };
        let mut arrivals = std::mem::take(&mut self.arrivals);
        if self.aggregation.needs_arrivals() {
            self.progress.arrivals(batch.num_rows(), &mut arrivals);
        }
        let rows = Rows {
            columns: batch.rows(),
            kinds,
            arrivals: &arrivals,
        };
        let results = self.results(rows, &before)?;
        self.arrivals = arrivals;
        let changes = Changes::of(&self.batch, &presence, &results, self.repeats_results)?;
        self.emit(&changes, &results, &batch, out)?;
        self.note_writes(&batch, before);
        self.forget_empty_groups(true)
    }
}

impl Operator for GroupAggregate {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let mut begin = 0;
        for end in self.cuts(&batch)? {
            self.take(batch.slice(begin, end - begin), out)?;
            begin = end;
        }
        match begin {
            0 => self.take(batch, out),
            _ => self.take(batch.slice(begin, batch.num_rows() - begin), out),
        }
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        if watermark == WATERMARK_MAX && self.is_global() && self.table.keys().is_empty() {
            self.emit_empty_result(out)?;
        }
        self.progress.watermark = watermark;
        self.drop_over()?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        snapshot_at_once(self, epoch, state)
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        let is_continued = state.is_continued();
        for_each_batch(state, |rows| {
            let groups = self.progress.take(rows, GROUPS, &self.context)?;
            let groups = groups.iter().map(|row| (row.key, row.value));
            self.table.restore(&groups.collect::<Vec<_>>())
        })?;
        self.table.finish_restore(is_continued);
        self.progress.finish_restore(&self.context, is_continued);
        self.list_all();
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let expiry = self.expiry.as_ref().map_or(0, |expiry| expiry.state_bytes());
        self.table.state_bytes() + self.tombstones.state_bytes() + self.batch.state_bytes() + expiry
    }

    fn freezing(&mut self) -> Option<&mut dyn FreezingOperator> {
        Some(self)
    }

    fn cold(&self) -> Option<ColdFigures> {
        self.budget.as_ref().map(|budget| budget.cold().figures())
    }
}

impl FreezingOperator for GroupAggregate {
    fn freeze(&mut self, epoch: u64) -> Result<()> {
        self.copied.append(self.tombstones.take());
        self.table.release();
        self.table.freeze(epoch, &[], self.keys)?;
        if let Some(budget) = &self.budget {
            if let Some(expiry) = &mut self.expiry {
                expiry.freeze(epoch, budget.cold());
            }
            budget.cold().begin_epoch(epoch);
        }
        self.progress.snapshot(&self.context, &mut self.copied)
    }

    fn copy_frozen(&mut self, row_count: usize) -> Result<Option<SnapshotRows>> {
        self.table.copy_frozen(row_count)?;
        if self.table.has_frozen() {
            return Ok(None);
        }
        let mut rows = std::mem::take(&mut self.copied);
        rows.append(self.table.take_copied());
        Ok(Some(rows))
    }
}

impl GroupAggregate {
    /// Forgets the groups of the batch that have no rows left. The one group without keys stays if it `exists`.
    fn forget_empty_groups(&mut self, exists: bool) -> Result<()> {
        if self.is_global() && exists {
            return Ok(());
        }
        let is_empty = |group: &Group| self.table.states().row_count(*group) == 0;
        let empty = self
            .batch
            .distinct
            .iter()
            .copied()
            .filter(is_empty)
            .collect::<Vec<_>>();
        if empty.is_empty() {
            return Ok(());
        }
        // In a table that is partly cold they stay, to hide their cold rows, until they leave as all others do.
        if self.budget.is_some() {
            self.table.reset(&empty);
            return Ok(());
        }
        self.table.remove(&empty, &[], &mut self.tombstones)
    }
}

#[cfg(test)]
#[path = "operator_test.rs"]
mod tests;
