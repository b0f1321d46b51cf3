//! The source behind an input handler.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;

use super::InputQueue;
use crate::connector::{Source, SourceEvent, SourcePosition, SourceRows};
use crate::error::Result;

/// Hands on what input handlers have sent.
#[derive(Debug)]
pub(crate) struct InputSource {
    stream: String,
    queue: Arc<InputQueue>,
    /// Which of the stream's columns this source delivers.
    columns: Vec<usize>,
    batch_rows_max: usize,
    /// Pieces of a batch that was larger than the batch size.
    pieces: VecDeque<RecordBatch>,
}

impl InputSource {
    pub(crate) fn new(
        stream: String,
        queue: Arc<InputQueue>,
        columns: Vec<usize>,
        batch_rows_max: usize,
    ) -> Self {
        Self {
            stream,
            queue,
            columns,
            batch_rows_max: batch_rows_max.max(1),
            pieces: VecDeque::new(),
        }
    }
}

#[async_trait]
impl Source for InputSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        if self.pieces.is_empty() {
            let Some(batch) = poll_fn(|context| self.queue.poll_next(context)).await? else {
                return Ok(SourceEvent::End);
            };
            let batch = batch.project(&self.columns)?;
            for offset in (0..batch.num_rows()).step_by(self.batch_rows_max) {
                let length = self.batch_rows_max.min(batch.num_rows() - offset);
                self.pieces.push_back(batch.slice(offset, length));
            }
        }
        Ok(match self.pieces.pop_front() {
            Some(rows) => SourceEvent::Rows(SourceRows {
                partition: 0,
                rows,
                bad: Vec::new(),
            }),
            None => SourceEvent::End,
        })
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![Some(self.stream.clone())]
    }

    fn unrepeatable_rows(&self) -> usize {
        let in_pieces: usize = self.pieces.iter().map(RecordBatch::num_rows).sum();
        in_pieces + self.queue.row_count()
    }

    /// Rows of this process cannot be asked for again.
    fn positions(&self) -> Vec<SourcePosition> {
        Vec::new()
    }
}
