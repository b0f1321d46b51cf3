//! Two operators as one: for a plan's operator that is best built from two.

use super::{Operator, Output};
use crate::batch::EventBatch;
use crate::element::{StreamElement, Watermark};
use crate::error::{Error, Result};
use crate::state::{StateReader, StateRow, StateWriter};

/// Feeds what the first operator emits to the second. Both send their late and bad rows the same way.
pub(super) struct Chain {
    first: Box<dyn Operator>,
    second: Box<dyn Operator>,
}

/// The tables of the second operator are stored under their number plus this.
const SECOND_TABLES: u8 = 128;

impl Chain {
    /// Neither operator acts on processing time.
    pub(super) fn new(first: Box<dyn Operator>, second: Box<dyn Operator>) -> Self {
        Self { first, second }
    }

    fn hand_on(&mut self, elements: Vec<StreamElement>, out: &mut Output<'_>) -> Result<()> {
        for element in elements {
            match element {
                StreamElement::Batch(batch) => self.second.on_batch(0, batch, out)?,
                StreamElement::Watermark(watermark) => self.second.on_watermark(watermark, out)?,
                other => return Err(Error::Bug(format!("an operator emitted {other:?}"))),
            }
        }
        Ok(())
    }
}

impl Operator for Chain {
    fn on_batch(&mut self, input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let mut between = Vec::<StreamElement>::new();
        out.with_next(&mut between, |out| self.first.on_batch(input, batch, out))?;
        self.hand_on(between, out)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        let mut between = Vec::<StreamElement>::new();
        out.with_next(&mut between, |out| self.first.on_watermark(watermark, out))?;
        self.hand_on(between, out)
    }

    fn snapshot(&mut self, epoch: u64, state: &mut dyn StateWriter) -> Result<()> {
        self.first.snapshot(epoch, state)?;
        self.second.snapshot(epoch, &mut SecondWriter { state })
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        let is_continued = state.is_continued();
        let mut of_second = crate::state::MemoryDelta::default();
        let mut of_first = crate::state::MemoryDelta::default();
        while let Some(row) = state.next_row()? {
            match row.table.checked_sub(SECOND_TABLES) {
                Some(table) => of_second.write(StateRow { table, ..row })?,
                None => of_first.write(row)?,
            }
        }
        self.first.restore(&mut of_first.read(is_continued))?;
        self.second.restore(&mut of_second.read(is_continued))
    }

    fn state_bytes(&self) -> usize {
        self.first.state_bytes() + self.second.state_bytes()
    }
}

struct SecondWriter<'a> {
    state: &'a mut dyn StateWriter,
}

impl StateWriter for SecondWriter<'_> {
    fn write(&mut self, row: StateRow<'_>) -> Result<()> {
        self.state.write(StateRow {
            table: row.table + SECOND_TABLES,
            ..row
        })
    }
}
