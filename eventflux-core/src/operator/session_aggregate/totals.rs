//! Results of sessions that have closed.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;

use super::sessions::Slot;
use crate::batch::EventBatch;
use crate::error::Result;
use crate::operator::Output;
use crate::operator::bad_result::drop_failures;
use crate::operator::group::{Aggregation, CallStates, Group, KeyTable};
use crate::operator::result_rows::ResultRows;
use crate::operator::window_aggregate::{Span, WindowColumns};

/// Makes rows of sessions and results.
pub(crate) struct SessionRows {
    schema: SchemaRef,
    window_columns: WindowColumns,
}

impl SessionRows {
    pub(crate) fn new(schema: &SchemaRef) -> Result<Self> {
        Ok(Self {
            window_columns: WindowColumns::new(schema)?,
            schema: schema.clone(),
        })
    }

    /// Rows for sessions of these keys.
    pub(crate) fn of(
        &self,
        keys: &KeyTable,
        groups: &[Group],
        windows: &[Span],
        results: Vec<ArrayRef>,
    ) -> Result<EventBatch> {
        let mut columns = keys.columns(groups)?;
        columns.extend(results);
        columns.extend(self.window_columns.of(windows)?);
        let times = windows.iter().map(|window| window.end - 1).collect();
        EventBatch::new(RecordBatch::try_new(self.schema.clone(), columns)?, times)
    }
}

/// Closed sessions whose results are still to come out, in the order in which they were added.
pub(crate) struct SessionTotals {
    pub(crate) keys: KeyTable,
    pub(crate) states: CallStates,
    groups: Vec<Group>,
    windows: Vec<Span>,
}

impl SessionTotals {
    pub(crate) fn new(aggregation: &Aggregation) -> Result<Self> {
        Ok(Self {
            keys: KeyTable::new(&aggregation.key_types)?,
            states: CallStates::new(aggregation)?,
            groups: Vec::new(),
            windows: Vec::new(),
        })
    }

    /// Where the state of the next session belongs.
    pub(crate) fn next_slot(&mut self) -> Slot {
        self.states.resize(self.windows.len() + 1);
        self.windows.len() as Slot
    }

    /// The state of the next session is there.
    pub(crate) fn add(&mut self, key: Group, window: Span) {
        self.groups.push(key);
        self.windows.push(window);
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Emits all and forgets them.
    pub(crate) fn emit(
        &mut self,
        rows: &SessionRows,
        results: &mut ResultRows,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let slots = (0..self.windows.len() as Slot).collect::<Vec<_>>();
        for slots in slots.chunks(results.rows_max()) {
            let range = slots[0] as usize..slots[0] as usize + slots.len();
            let found = self.states.evaluate(slots)?;
            let batch = rows.of(
                &self.keys,
                &self.groups[range.clone()],
                &self.windows[range],
                found.columns,
            )?;
            results.push(drop_failures(batch, &found.failures, out)?, out)?;
        }
        self.states.remove(&slots);
        self.keys.clear();
        self.groups.clear();
        self.windows.clear();
        Ok(())
    }
}
