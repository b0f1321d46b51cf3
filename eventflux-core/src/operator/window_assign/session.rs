//! Sessions.

use std::collections::HashMap;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};

use super::buffer::{Closed, SessionBuffer};
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::key::{KeyBytes, KeyDecoder};
use crate::operator::bad_result::report;
use crate::operator::group::{ChangeLog, Group, KeyTable, StateKeys, Tombstones};
use crate::operator::progress::Progress;
use crate::operator::result_rows::ResultRows;
use crate::operator::window_aggregate::{Span, WindowColumns};
use crate::operator::{Operator, OperatorContext, Output};
use crate::state::{StateReader, StateRow, StateWriter, for_each_batch};

/// The tables of its snapshots.
const ROWS: u8 = 0;
const PROGRESS: u8 = 1;

/// Attaches sessions. Its input may take rows back, as long as their session is open; what comes out is append-only.
pub struct SessionAssign {
    gap_us: i64,
    partition_by: Vec<usize>,
    row_types: Vec<DataType>,
    output: SchemaRef,
    window_columns: WindowColumns,
    keys: KeyTable,
    buffer: SessionBuffer,
    log: ChangeLog,
    tombstones: Tombstones,
    state_keys: StateKeys,
    progress: Progress,
    results: ResultRows,
    context: OperatorContext,
    bytes: KeyBytes,
}

impl SessionAssign {
    /// The operator of a session window with this gap, per value of the partition columns.
    ///
    /// **Errors** The columns do not fit the schemas, or a column's type cannot be kept.
    pub fn new(
        gap_us: i64,
        partition_by: &[usize],
        input: &SchemaRef,
        output: &SchemaRef,
        context: OperatorContext,
    ) -> Result<Self> {
        let row_types = input
            .fields()
            .iter()
            .map(|field| field.data_type().clone())
            .collect::<Vec<_>>();
        KeyDecoder::new(&row_types)?;
        let key_type = |index: &usize| {
            let missing = || {
                Error::Bug(format!(
                    "sessions are partitioned by column #{index}, which is not there"
                ))
            };
            row_types.get(*index).cloned().ok_or_else(missing)
        };
        let key_types = partition_by.iter().map(key_type).collect::<Result<Vec<_>>>()?;
        let state_keys = StateKeys {
            table: ROWS,
            key_groups: context.key_groups,
        };
        Ok(Self {
            gap_us,
            partition_by: partition_by.to_vec(),
            row_types,
            output: output.clone(),
            window_columns: WindowColumns::new(output)?,
            keys: KeyTable::new(&key_types)?,
            buffer: SessionBuffer::new(gap_us),
            log: ChangeLog::new(false),
            tombstones: Tombstones::new(state_keys),
            state_keys,
            progress: Progress::new(PROGRESS),
            results: ResultRows::new(context.batch_rows_max),
            context,
            bytes: KeyBytes::default(),
        })
    }

    /// Keeps a row, or takes one back; false if it is late.
    fn take(&mut self, key: Group, time: i64, row: usize, is_addition: bool) -> bool {
        let has_neighbour = self.buffer.has_neighbour(key, time);
        if !has_neighbour && time.saturating_add(self.gap_us) <= self.progress.watermark {
            return false;
        }
        if is_addition {
            self.buffer
                .add(key, time, self.progress.next_arrival, self.bytes.row(row));
            self.progress.next_arrival += 1;
        } else {
            self.buffer.take_back(key, time, self.bytes.row(row));
        }
        true
    }

    /// Emits closed sessions by end, then by key.
    fn emit(&mut self, mut closed: Vec<Closed>, out: &mut Output<'_>) -> Result<()> {
        let mut keys = closed.iter().map(|session| session.key).collect::<Vec<_>>();
        keys.sort_unstable();
        keys.dedup();
        self.log.changed(&keys);
        self.keys.sort(&mut keys);
        let ranks = keys
            .iter()
            .enumerate()
            .map(|(rank, key)| (*key, rank))
            .collect::<HashMap<_, _>>();
        closed.sort_by_key(|session| (session.window.end, ranks.get(&session.key).copied()));
        let mut rows = KeyDecoder::new(&self.row_types)?;
        let mut windows = Vec::new();
        for session in &closed {
            for row in &session.rows {
                rows.push(row)?;
                windows.push(session.window);
                if windows.len() == self.results.rows_max() {
                    self.push(&mut rows, &mut windows, out)?;
                }
            }
        }
        self.push(&mut rows, &mut windows, out)?;
        self.results.flush(out)?;
        self.forget_keys(keys)
    }

    fn push(&mut self, rows: &mut KeyDecoder, windows: &mut Vec<Span>, out: &mut Output<'_>) -> Result<()> {
        if windows.is_empty() {
            return Ok(());
        }
        let mut columns = rows.finish()?;
        columns.extend(self.window_columns.of(windows)?);
        let times = windows.drain(..).map(|window| window.end - 1).collect();
        self.results.push(
            EventBatch::new(RecordBatch::try_new(self.output.clone(), columns)?, times)?,
            out,
        )
    }

    /// Forgets those of the keys that have no rows.
    fn forget_keys(&mut self, mut keys: Vec<Group>) -> Result<()> {
        keys.retain(|key| self.buffer.is_empty(*key));
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
            self.buffer.resize(self.keys.slot_count());
            for (key, row) in keys.into_iter().zip(run) {
                self.buffer.restore(key, row.value)?;
                if row.value.is_none() {
                    self.keys.remove(key);
                }
            }
        }
        Ok(())
    }
}

impl Operator for SessionAssign {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let key_columns = self
            .partition_by
            .iter()
            .map(|key| batch.column(*key).clone())
            .collect::<Vec<_>>();
        let mut keys = Vec::with_capacity(batch.num_rows());
        self.keys.intern(&key_columns, batch.num_rows(), &mut keys)?;
        self.buffer.resize(self.keys.slot_count());
        self.log.resize(self.keys.slot_count());
        self.bytes.fill_exact(batch.rows().columns(), batch.num_rows())?;
        let mut is_late = vec![false; batch.num_rows()];
        for (row, (key, time)) in keys.iter().zip(batch.event_time().iter()).enumerate() {
            if time.checked_add(self.gap_us).is_none() {
                report(&batch, row, "its session is outside the range of timestamps", out)?;
            } else {
                is_late[row] = !self.take(*key, *time, row, batch.kind(row).is_addition());
            }
        }
        self.log.changed(&keys);
        keys.sort_unstable();
        keys.dedup();
        self.forget_keys(keys)?;
        if is_late.contains(&true) {
            out.late(batch.filter(&BooleanArray::from(is_late))?)?;
        }
        Ok(())
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        self.progress.watermark = watermark;
        let closed = self.buffer.close(watermark);
        self.emit(closed, out)?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        self.tombstones.write(state)?;
        let keys = self.log.take(self.keys.slot_count(), || self.keys.groups());
        let mut value = Vec::new();
        self.state_keys
            .for_each(&[], &self.keys, &keys, |position, key_group, key| {
                value.clear();
                self.buffer.encode(keys[position], &mut value);
                state.write(StateRow {
                    table: ROWS,
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
            let keys = self.progress.take(rows, ROWS, &self.context)?;
            self.restore_keys(&keys)
        })?;
        if is_continued {
            self.log.go_on(self.keys.slot_count(), &self.keys.groups());
        }
        self.progress.finish_restore(is_continued);
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.keys.state_bytes()
            + self.buffer.state_bytes()
            + self.log.state_bytes()
            + self.tombstones.state_bytes()
    }
}
