//! Rows between two watermarks, in an order that does not depend on who sent them.

use crate::batch::EventBatch;
use crate::error::Result;
use crate::plan::ChangelogMode;
use crate::runtime::order::order;

/// What a stepped loop holds back until the watermark over all its channels advances, or nothing more is at hand.
#[derive(Debug)]
pub(crate) struct Round {
    inputs: Vec<Input>,
    batch_rows_max: usize,
}

/// One edge of the plan that ends at the loop.
#[derive(Debug)]
struct Input {
    input: usize,
    /// The kind of its rows, if rows of several subtasks meet in it.
    mixed: Option<ChangelogMode>,
    rows: Vec<EventBatch>,
}

impl Round {
    /// A round over these edges, each with the operator's input that it leads to.
    pub(crate) fn new(
        edges: impl IntoIterator<Item = (usize, Option<ChangelogMode>)>,
        batch_rows_max: usize,
    ) -> Self {
        let inputs = edges.into_iter().map(|(input, mixed)| Input {
            input,
            mixed,
            rows: Vec::new(),
        });
        Self {
            inputs: inputs.collect(),
            batch_rows_max: batch_rows_max.max(1),
        }
    }

    /// Holds rows of an edge back.
    pub(crate) fn hold(&mut self, edge: usize, rows: EventBatch) {
        self.inputs[edge].rows.push(rows);
    }

    /// Ends the round: everything held back, edge by edge.
    pub(crate) fn finish(&mut self) -> Result<Vec<(usize, EventBatch)>> {
        let mut batches = Vec::new();
        for Input { input, mixed, rows } in &mut self.inputs {
            let rows = std::mem::take(rows);
            match mixed {
                Some(mode) if !rows.is_empty() => {
                    let ordered = order(EventBatch::concat(&rows)?, mode)?.batch;
                    for offset in (0..ordered.num_rows()).step_by(self.batch_rows_max) {
                        let length = self.batch_rows_max.min(ordered.num_rows() - offset);
                        batches.push((*input, ordered.slice(offset, length)));
                    }
                }
                _ => batches.extend(rows.into_iter().map(|batch| (*input, batch))),
            }
        }
        Ok(batches)
    }
}
