//! What comes out of sessions whose rows were kept: the rows with their window, or what is aggregated over them.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};

use crate::batch::EventBatch;
use crate::error::Result;
use crate::key::KeyDecoder;
use crate::operator::Output;
use crate::operator::group::{Aggregation, Group, KeyTable, Rows};
use crate::operator::result_rows::ResultRows;
use crate::operator::session_aggregate::{SessionRows, SessionTotals};
use crate::operator::window_aggregate::{Span, WindowColumns};
use crate::plan::AggregateCall;

/// Takes sessions with their rows and emits what is to come out of them.
pub(super) struct SessionOutput {
    kind: Kind,
    rows: KeyDecoder,
    results: ResultRows,
}

enum Kind {
    /// The rows, each with its window.
    Rows {
        schema: SchemaRef,
        window_columns: WindowColumns,
        windows: Vec<Span>,
    },
    /// A row per session.
    Totals(Box<Totals>),
}

struct Totals {
    aggregation: Aggregation,
    schema: SchemaRef,
    rows: SessionRows,
    totals: SessionTotals,
    key: Group,
    /// The session of each row that is not yet added to its state.
    slots: Vec<Group>,
    arrivals: Vec<u64>,
    arrival: u64,
}

impl SessionOutput {
    pub(super) fn of_rows(input: &SchemaRef, output: &SchemaRef, rows_max: usize) -> Result<Self> {
        let kind = Kind::Rows {
            schema: output.clone(),
            window_columns: WindowColumns::new(output)?,
            windows: Vec::new(),
        };
        Self::new(kind, input, rows_max)
    }

    pub(super) fn of_totals(
        keys: &[usize],
        calls: &[AggregateCall],
        input: &SchemaRef,
        output: &SchemaRef,
        rows_max: usize,
    ) -> Result<Self> {
        let aggregation = Aggregation::new(keys, calls, input, false)?;
        let totals = Totals {
            totals: SessionTotals::new(&aggregation)?,
            rows: SessionRows::new(output)?,
            aggregation,
            schema: input.clone(),
            key: 0,
            slots: Vec::new(),
            arrivals: Vec::new(),
            arrival: 0,
        };
        Self::new(Kind::Totals(Box::new(totals)), input, rows_max)
    }

    fn new(kind: Kind, input: &SchemaRef, rows_max: usize) -> Result<Self> {
        let types = input.fields().iter().map(|field| field.data_type().clone());
        Ok(Self {
            kind,
            rows: KeyDecoder::new(&types.collect::<Vec<DataType>>())?,
            results: ResultRows::new(rows_max),
        })
    }

    /// Says whose the next session is: a key of another table.
    pub(super) fn add_key_of(&mut self, keys: &KeyTable, key: Group) {
        if let Kind::Totals(totals) = &mut self.kind {
            totals.key = totals.totals.keys.intern_from(keys, key);
        }
    }

    /// Says whose the next session is: a canonical key.
    pub(super) fn add_key(&mut self, key: &[u8]) -> Result<()> {
        if let Kind::Totals(totals) = &mut self.kind {
            let mut keys = Vec::with_capacity(1);
            totals.totals.keys.intern_encoded(&[key], &mut keys)?;
            totals.key = keys[0];
        }
        Ok(())
    }

    /// Takes a session.
    pub(super) fn add(&mut self, window: Span, rows: &[Box<[u8]>], out: &mut Output<'_>) -> Result<()> {
        for row in rows {
            self.rows.push(row)?;
            let row_count = match &mut self.kind {
                Kind::Rows { windows, .. } => {
                    windows.push(window);
                    windows.len()
                }
                Kind::Totals(totals) => {
                    totals.slots.push(totals.totals.next_slot());
                    totals.arrivals.push(totals.arrival);
                    totals.arrival += 1;
                    totals.slots.len()
                }
            };
            if row_count == self.results.rows_max() {
                self.push_rows(out)?;
            }
        }
        if let Kind::Totals(totals) = &mut self.kind {
            totals.totals.add(totals.key, window);
            if totals.totals.len() == self.results.rows_max() {
                self.push_totals(out)?;
            }
        }
        Ok(())
    }

    /// Emits what there is.
    pub(super) fn flush(&mut self, out: &mut Output<'_>) -> Result<()> {
        self.push_rows(out)?;
        self.push_totals(out)?;
        self.results.flush(out)
    }

    /// Adds the collected rows to their sessions' states, or emits them.
    fn push_rows(&mut self, out: &mut Output<'_>) -> Result<()> {
        match &mut self.kind {
            Kind::Rows { windows, .. } if windows.is_empty() => Ok(()),
            Kind::Rows {
                schema,
                window_columns,
                windows,
            } => {
                let mut columns = self.rows.finish()?;
                columns.extend(window_columns.of(windows)?);
                let times = windows.drain(..).map(|window| window.end - 1).collect();
                let rows = RecordBatch::try_new(schema.clone(), columns)?;
                self.results.push(EventBatch::new(rows, times)?, out)
            }
            Kind::Totals(totals) if totals.slots.is_empty() => Ok(()),
            Kind::Totals(totals) => totals.update(self.rows.finish()?),
        }
    }

    fn push_totals(&mut self, out: &mut Output<'_>) -> Result<()> {
        self.push_rows(out)?;
        match &mut self.kind {
            Kind::Rows { .. } => Ok(()),
            Kind::Totals(totals) => {
                let Totals { totals, rows, .. } = &mut **totals;
                totals.emit(rows, &mut self.results, out)
            }
        }
    }
}

impl Totals {
    fn update(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        let columns = RecordBatch::try_new(self.schema.clone(), columns)?;
        let rows = Rows {
            columns: &columns,
            kinds: None,
            arrivals: &self.arrivals,
        };
        self.totals.states.update(&self.aggregation, rows, &self.slots)?;
        self.slots.clear();
        self.arrivals.clear();
        Ok(())
    }
}
