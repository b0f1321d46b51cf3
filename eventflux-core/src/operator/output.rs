//! Where an operator's results go.

use super::BadRow;
use crate::batch::EventBatch;
use crate::element::{StreamElement, Watermark};
use crate::error::Result;

/// Takes the elements that an operator emits: the next operator of a chain, an edge, a sink, or a test.
pub trait Collector {
    /// Takes one element.
    fn collect(&mut self, element: StreamElement) -> Result<()>;
}

impl Collector for Vec<StreamElement> {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        self.push(element);
        Ok(())
    }
}

/// Takes what leaves an operator beside its results.
pub trait SideOutput {
    /// Rows that came after their window had closed: counted, and sent on if the plan has a late stream.
    fn late(&mut self, rows: EventBatch) -> Result<()>;

    /// So many rows that came after their window had closed, of which nothing is left but their number.
    fn late_count(&mut self, count: u64);

    /// A row that cannot be carried on: treated by the error policy. An error here means that the policy is `fail`.
    fn bad_row(&mut self, row: BadRow, event_time_us: i64) -> Result<()>;
}

/// What an operator emits through: the next operator of its chain, and the side outputs.
pub struct Output<'a> {
    next: &'a mut dyn Collector,
    side: &'a mut dyn SideOutput,
}

impl<'a> Output<'a> {
    /// An output to these.
    pub fn new(next: &'a mut dyn Collector, side: &'a mut dyn SideOutput) -> Self {
        Self { next, side }
    }

    /// Hands rows on; an empty batch goes nowhere.
    pub fn emit(&mut self, batch: EventBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.next.collect(StreamElement::Batch(batch))
    }

    /// Hands the watermark on.
    pub fn emit_watermark(&mut self, watermark: Watermark) -> Result<()> {
        self.next.collect(StreamElement::Watermark(watermark))
    }

    /// Rows that are too late for the operator.
    pub fn late(&mut self, rows: EventBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.side.late(rows)
    }

    /// So many rows were too late for the operator, of which nothing is left but their number.
    pub fn late_count(&mut self, count: u64) {
        self.side.late_count(count);
    }

    /// A row that cannot be carried on.
    pub fn bad_row(&mut self, row: BadRow, event_time_us: i64) -> Result<()> {
        self.side.bad_row(row, event_time_us)
    }
}
