//! An operator's progress as it runs.

use super::shares::{Come, Shares, write_come, write_owned};
use crate::element::{WATERMARK_MIN, Watermark};
use crate::error::{Error, Result};
use crate::operator::OperatorContext;
use crate::state::{SHARED_TABLE, StateRow, StateWriter};

/// The watermark that an operator has reached, and a number for the next arriving row.
///
/// Each subtask stores its own, and which key groups it has; so it survives any change of the parallelism. The subtasks of an
/// operator have the same watermark at a barrier; should they differ, the smallest is restored of those whose key groups a
/// subtask takes over.
#[derive(Debug)]
pub(in crate::operator) struct Progress {
    pub(in crate::operator) watermark: Watermark,
    pub(in crate::operator) next_arrival: u64,
    /// Where it was stored before there were shares.
    table: u8,
    /// The number of the sharing out of this run, and what is stored of it.
    number: u32,
    is_share_stored: bool,
    stored: Option<Come>,
    restored: Shares,
}

impl Progress {
    /// The progress of a new operator, which was stored in this table once.
    pub(in crate::operator) fn new(table: u8) -> Self {
        Self {
            watermark: WATERMARK_MIN,
            next_arrival: 0,
            table,
            number: 1,
            is_share_stored: false,
            stored: None,
            restored: Shares::default(),
        }
    }

    /// Numbers for so many rows.
    pub(in crate::operator) fn arrivals(&mut self, row_count: usize, out: &mut Vec<u64>) {
        out.clear();
        out.extend(self.next_arrival..self.next_arrival + row_count as u64);
        self.next_arrival += row_count as u64;
    }

    /// Writes it if it changed since the last call.
    pub(in crate::operator) fn snapshot(
        &mut self,
        context: &OperatorContext,
        state: &mut dyn StateWriter,
    ) -> Result<()> {
        let come = Come {
            watermark: self.watermark,
            next_arrival: self.next_arrival,
        };
        if !std::mem::replace(&mut self.is_share_stored, true) {
            write_owned(self.number, context, state)?;
            self.stored = None;
        }
        if self.stored.replace(come) != Some(come) {
            write_come(self.number, come, context, state)?;
        }
        Ok(())
    }

    /// Takes its own rows out of those of an operator's snapshot. The others have to be of this table.
    pub(in crate::operator) fn take<'a>(
        &mut self,
        rows: &[StateRow<'a>],
        table: u8,
        context: &OperatorContext,
    ) -> Result<Vec<StateRow<'a>>> {
        let mut others = Vec::with_capacity(rows.len());
        for row in rows {
            match row.table {
                own if own == self.table || own == SHARED_TABLE => self.restore(*row)?,
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

    /// Takes a row of one of its tables; a later one replaces an earlier one.
    pub(in crate::operator) fn restore(&mut self, row: StateRow<'_>) -> Result<()> {
        self.restored.take(row)
    }

    /// Takes over what [`Progress::restore`] was given. `is_continued`: what is stored alike need not be written again.
    pub(in crate::operator) fn finish_restore(&mut self, context: &OperatorContext, is_continued: bool) {
        let inherited = std::mem::take(&mut self.restored).inherited(context);
        if let Some(come) = inherited.come {
            self.watermark = come.watermark;
            self.next_arrival = come.next_arrival;
        }
        self.number = inherited.number;
        self.is_share_stored = is_continued && inherited.is_same && inherited.come.is_some();
        self.stored = inherited.come.filter(|_| self.is_share_stored);
    }
}

#[cfg(test)]
#[path = "progress_test.rs"]
mod tests;
