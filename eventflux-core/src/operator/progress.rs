//! What an operator knows about its input as a whole, in snapshots.

use std::collections::BTreeMap;

use crate::element::{WATERMARK_MIN, Watermark};
use crate::error::{Error, Result};
use crate::operator::OperatorContext;
use crate::operator::aggregate::Stored;
use crate::state::{KeyGroup, StateRow, StateWriter};

/// The watermark that an operator has reached, and a number for the next arriving row.
///
/// It is stored once per key group of the subtask, so that it survives any change of the parallelism. The subtasks of an
/// operator have the same watermark at a barrier; should they differ, the smallest is restored.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) watermark: Watermark,
    pub(super) next_arrival: u64,
    table: u8,
    stored: Option<(Watermark, u64)>,
    restored: BTreeMap<KeyGroup, Watermark>,
}

impl Progress {
    /// The progress of a new operator, stored in this table.
    pub(super) fn new(table: u8) -> Self {
        Self {
            watermark: WATERMARK_MIN,
            next_arrival: 0,
            table,
            stored: None,
            restored: BTreeMap::new(),
        }
    }

    /// Numbers for so many rows.
    pub(super) fn arrivals(&mut self, row_count: usize, out: &mut Vec<u64>) {
        out.clear();
        out.extend(self.next_arrival..self.next_arrival + row_count as u64);
        self.next_arrival += row_count as u64;
    }

    /// Writes it if it changed since the last call.
    pub(super) fn snapshot(&mut self, context: &OperatorContext, state: &mut dyn StateWriter) -> Result<()> {
        let current = (self.watermark, self.next_arrival);
        if self.stored == Some(current) {
            return Ok(());
        }
        let mut value = Vec::with_capacity(16);
        value.extend_from_slice(&self.watermark.to_be_bytes());
        value.extend_from_slice(&self.next_arrival.to_be_bytes());
        for key_group in context.owned.iter() {
            state.write(StateRow {
                table: self.table,
                key_group,
                key: &[],
                value: Some(&value),
            })?;
        }
        self.stored = Some(current);
        Ok(())
    }

    /// Takes its own rows out of those of an operator's snapshot. The others have to be of this table.
    pub(super) fn take<'a>(
        &mut self,
        rows: &[StateRow<'a>],
        table: u8,
        context: &OperatorContext,
    ) -> Result<Vec<StateRow<'a>>> {
        let mut others = Vec::with_capacity(rows.len());
        for row in rows {
            match row.table {
                own if own == self.table => self.restore(*row)?,
                other if other == table => others.push(*row),
                unknown => {
                    return Err(Error::State {
                        operator: context.operator_id.clone(),
                        message: format!("there is no table {unknown}"),
                    });
                }
            }
        }
        Ok(others)
    }

    /// Takes a row of its table; a later row of a key group replaces an earlier one.
    pub(super) fn restore(&mut self, row: StateRow<'_>) -> Result<()> {
        let value = row
            .value
            .ok_or_else(|| Error::Columns("stored progress has no value".into()))?;
        let mut input = Stored::new(value);
        self.restored.insert(row.key_group, input.i64()?);
        self.next_arrival = self.next_arrival.max(input.u64()?);
        input.finish()
    }

    /// Takes over what [`Progress::restore`] was given. `is_continued`: it need not be written again.
    pub(super) fn finish_restore(&mut self, is_continued: bool) {
        let restored = std::mem::take(&mut self.restored).into_values().min();
        if let Some(watermark) = restored {
            self.watermark = watermark;
        }
        self.stored = restored
            .filter(|_| is_continued)
            .map(|watermark| (watermark, self.next_arrival));
    }
}
