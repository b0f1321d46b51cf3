//! Fixed rows as a source.

use arrow::array::RecordBatch;
use async_trait::async_trait;

use crate::connector::{Source, SourceEvent, SourcePosition, SourceRows};
use crate::error::{Error, Result};

/// Hands on fixed rows, once.
#[derive(Debug)]
pub(crate) struct ValuesSource {
    rows: RecordBatch,
    next_row: usize,
    batch_rows_max: usize,
}

/// The one partition of fixed rows.
const PARTITION: &str = "values";

impl ValuesSource {
    /// Begins where a restart has to go on.
    pub(crate) fn new(
        rows: RecordBatch,
        batch_rows_max: usize,
        positions: &[SourcePosition],
    ) -> Result<Self> {
        let next_row = match positions.iter().find(|position| position.partition == PARTITION) {
            None => 0,
            Some(position) => position.position.parse().map_err(|_| Error::State {
                operator: "values".into(),
                message: format!("position `{}` is no row number", position.position),
            })?,
        };
        Ok(Self {
            rows,
            next_row,
            batch_rows_max: batch_rows_max.max(1),
        })
    }
}

#[async_trait]
impl Source for ValuesSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        let row_count = self
            .rows
            .num_rows()
            .saturating_sub(self.next_row)
            .min(self.batch_rows_max);
        if row_count == 0 {
            return Ok(SourceEvent::End);
        }
        let rows = self.rows.slice(self.next_row, row_count);
        self.next_row += row_count;
        Ok(SourceEvent::Rows(SourceRows {
            partition: 0,
            rows,
            bad: Vec::new(),
        }))
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![Some(PARTITION.to_owned())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        vec![SourcePosition {
            partition: PARTITION.to_owned(),
            position: self.next_row.to_string(),
        }]
    }
}
