//! The source of generated rows.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::connector::{Source, SourceContext, SourceEvent, SourcePlan, SourcePosition, SourceRows};
use eventflux_core::time::Clock;

use super::{Pace, RowRun, RowSplit};

/// Makes rows from their indices. The same index gives the same row, whoever asks.
pub trait RowGenerator: Send + Sync {
    /// The rows, in the requested columns.
    fn rows(&self, run: RowRun) -> Result<RecordBatch>;
}

/// A generator as a source.
pub struct GeneratorPlan {
    /// What makes the rows.
    pub generator: Arc<dyn RowGenerator>,
    /// How many rows there are; without it, they never end.
    pub row_count: Option<u64>,
    /// How many are due per second, all subtasks together; without it, as many as are taken.
    pub rows_per_second: Option<f64>,
}

impl SourcePlan for GeneratorPlan {
    fn parallelism_max(&self) -> Option<usize> {
        self.row_count
            .map(|rows| usize::try_from(rows).unwrap_or(usize::MAX).max(1))
    }

    fn is_bounded(&self) -> bool {
        self.row_count.is_some()
    }

    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>> {
        let split = RowSplit::new(context.subtask, context.parallelism, &context.positions)?;
        let start_us = context.clock.now_us();
        let pace = self
            .rows_per_second
            .map(|rows| Pace::new(rows, split.first_missing(), start_us));
        Ok(Box::new(GeneratorSource {
            generator: Arc::clone(&self.generator),
            split,
            end: self.row_count.unwrap_or(u64::MAX),
            pace,
            clock: Arc::clone(&context.clock),
            rows_max: context.batch_rows_max,
            has_ended: false,
        }))
    }
}

struct GeneratorSource {
    generator: Arc<dyn RowGenerator>,
    split: RowSplit,
    /// The first index that is no row.
    end: u64,
    pace: Option<Pace>,
    clock: Arc<dyn Clock>,
    rows_max: usize,
    has_ended: bool,
}

#[async_trait]
impl Source for GeneratorSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        loop {
            let now_us = self.clock.now_us();
            let limit = self
                .pace
                .map_or(self.end, |pace| pace.limit(now_us).min(self.end));
            if let Some(run) = self.split.take(self.rows_max, limit) {
                let rows = self.generator.rows(run)?;
                return Ok(SourceEvent::Rows(SourceRows {
                    partition: 0,
                    rows,
                    bad: Vec::new(),
                }));
            }
            match self.pace {
                Some(pace) if self.split.next() < self.end => {
                    let wait_us = pace.due_us(self.split.next()).saturating_sub(now_us).max(1);
                    tokio::time::sleep(Duration::from_micros(wait_us.unsigned_abs())).await;
                }
                _ => {
                    self.has_ended = true;
                    return Ok(SourceEvent::End);
                }
            }
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![(!self.has_ended).then(|| self.split.partition())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        self.split.positions()
    }
}
