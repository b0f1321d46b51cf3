//! An operator under test.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::table::{batches, render};
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::Result;
use crate::key::KeyGroupMap;
use crate::operator::{BadRow, Operator, OperatorContext, Output, SideOutput};
use crate::plan::DEFAULT_KEY_GROUPS;
use crate::state::{KeyGroup, MemoryDelta};
use crate::time::VirtualClock;

/// A context for the only subtask of an operator, on a virtual clock.
pub fn context() -> OperatorContext {
    OperatorContext {
        operator_id: "under-test".into(),
        subtask: 0,
        parallelism: 1,
        key_groups: DEFAULT_KEY_GROUPS,
        owners: KeyGroupMap::contiguous(DEFAULT_KEY_GROUPS, 1),
        batch_rows_max: 4096,
        clock: Arc::new(VirtualClock::default()),
        cold: None,
    }
}

/// An operator with what it has emitted.
pub struct OperatorHarness {
    /// The operator.
    pub operator: Box<dyn Operator>,
    /// What it emitted to its main output.
    pub emitted: Vec<StreamElement>,
    /// Its side outputs.
    pub side: Side,
}

/// What an operator sent beside its results.
#[derive(Debug, Default)]
pub struct Side {
    /// Late rows.
    pub late: Vec<EventBatch>,
    /// How many late rows there were of which nothing is left.
    pub late_count: u64,
    /// Bad rows with their event times.
    pub bad: Vec<(BadRow, i64)>,
}

impl SideOutput for Side {
    fn late(&mut self, rows: EventBatch) -> Result<()> {
        self.late.push(rows);
        Ok(())
    }

    fn late_count(&mut self, count: u64) {
        self.late_count += count;
    }

    fn bad_row(&mut self, row: BadRow, event_time_us: i64) -> Result<()> {
        self.bad.push((row, event_time_us));
        Ok(())
    }
}

impl OperatorHarness {
    /// Puts an operator under test.
    pub fn new(operator: impl Operator + 'static) -> Self {
        Self::boxed(Box::new(operator))
    }

    /// As [`OperatorHarness::new`].
    pub fn boxed(operator: Box<dyn Operator>) -> Self {
        Self {
            operator,
            emitted: Vec::new(),
            side: Side::default(),
        }
    }

    /// Hands an element to the operator.
    ///
    /// # Panics
    /// The operator fails, or the element is not for operators.
    pub fn feed(&mut self, element: StreamElement) {
        let mut out = Output::new(&mut self.emitted, &mut self.side);
        match element {
            StreamElement::Batch(batch) => self.operator.on_batch(0, batch, &mut out),
            StreamElement::Watermark(watermark) => self.operator.on_watermark(watermark, &mut out),
            other => panic!("operators take no {other:?}"),
        }
        .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Feeds a text table and returns what the operator emits, as a text table.
    ///
    /// # Panics
    /// As [`OperatorHarness::feed`].
    pub fn run(&mut self, schema: &SchemaRef, table: &str) -> String {
        batches(schema, table)
            .into_iter()
            .for_each(|element| self.feed(element));
        self.take()
    }

    /// What was emitted since the last call, as a text table.
    pub fn take(&mut self) -> String {
        render(&std::mem::take(&mut self.emitted))
    }

    /// The late rows since the last call, as a text table.
    pub fn take_late(&mut self) -> String {
        let late = std::mem::take(&mut self.side.late);
        render(&late.into_iter().map(StreamElement::Batch).collect::<Vec<_>>())
    }

    /// The reasons of the bad rows since the last call.
    pub fn take_bad(&mut self) -> Vec<String> {
        std::mem::take(&mut self.side.bad)
            .into_iter()
            .map(|(row, _)| row.reason)
            .collect()
    }

    /// Adds a snapshot to a delta.
    ///
    /// # Panics
    /// The operator fails.
    pub fn snapshot(&mut self, delta: &mut MemoryDelta) {
        self.operator
            .snapshot(1, delta)
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Restores the key groups that `owns` accepts.
    ///
    /// # Panics
    /// The operator fails.
    pub fn restore(&mut self, delta: &MemoryDelta, owns: impl Fn(KeyGroup) -> bool) {
        self.operator
            .restore(&mut delta.reader(owns))
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Restores everything; later snapshots are added to the same delta.
    ///
    /// # Panics
    /// The operator fails.
    pub fn go_on(&mut self, delta: &MemoryDelta) {
        self.operator
            .restore(&mut delta.read(true))
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Compares two text tables, leaving out leading and trailing space of lines, and empty lines.
///
/// # Panics
/// They differ.
#[track_caller]
pub fn assert_table(actual: &str, expected: &str) {
    let lines = |text: &str| {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines()
            .map(words)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(lines(actual), lines(expected), "\nactual:\n{actual}");
}
