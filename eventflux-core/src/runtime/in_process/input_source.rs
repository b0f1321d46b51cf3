//! The source behind an input handler.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;

use super::InputQueue;
use super::input_queue::QueueReader;
use crate::connector::{CommitPositions, Source, SourceEvent, SourcePosition, SourceRows};
use crate::error::Result;

/// Hands on what input handlers have sent.
///
/// **Shapes** Where a queue keeps its rows, a position is `SESSION:ROW`: the session is that of the program that has sent them, for
/// rows of an earlier one are gone with it.
#[derive(Debug)]
pub(crate) struct InputSource {
    stream: String,
    queue: Arc<InputQueue>,
    reader: QueueReader,
    /// Empty where nothing is kept.
    session: String,
    /// The number of the next row to hand on.
    next_row: u64,
    /// Which of the stream's columns this source delivers.
    columns: Vec<usize>,
    batch_rows_max: usize,
    /// Pieces of a batch that was larger than the batch size.
    pieces: VecDeque<RecordBatch>,
}

impl InputSource {
    /// Begins to read the queue.
    ///
    /// **Errors** A position leads to rows of this session that are gone.
    pub(crate) fn open(
        stream: String,
        queue: Arc<InputQueue>,
        session: &str,
        positions: &[SourcePosition],
        columns: Vec<usize>,
        batch_rows_max: usize,
    ) -> Result<Self> {
        let from_row = positions.iter().find_map(|position| row_of(session, position));
        let (reader, next_row) = queue.open(from_row)?;
        Ok(Self {
            stream,
            queue,
            reader,
            session: session.to_owned(),
            next_row,
            columns,
            batch_rows_max: batch_rows_max.max(1),
            pieces: VecDeque::new(),
        })
    }
}

/// The row that a position of this session leads to.
fn row_of(session: &str, position: &SourcePosition) -> Option<u64> {
    let (of_session, row) = position.position.rsplit_once(':')?;
    (of_session == session).then(|| row.parse().ok()).flatten()
}

#[async_trait]
impl Source for InputSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        if self.pieces.is_empty() {
            let Some(batch) = poll_fn(|context| self.queue.poll_next(self.reader, context)).await? else {
                return Ok(SourceEvent::End);
            };
            let batch = batch.project(&self.columns)?;
            for offset in (0..batch.num_rows()).step_by(self.batch_rows_max) {
                let length = self.batch_rows_max.min(batch.num_rows() - offset);
                self.pieces.push_back(batch.slice(offset, length));
            }
        }
        Ok(match self.pieces.pop_front() {
            Some(rows) => {
                self.next_row += rows.num_rows() as u64;
                SourceEvent::Rows(SourceRows {
                    partition: 0,
                    rows,
                    bad: Vec::new(),
                })
            }
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

    /// Rows of this process can only be asked for again where the queue keeps them.
    fn positions(&self) -> Vec<SourcePosition> {
        if !self.queue.is_kept() {
            return Vec::new();
        }
        vec![SourcePosition {
            partition: self.stream.clone(),
            position: format!("{}:{}", self.session, self.next_row),
        }]
    }

    fn committing(&mut self) -> Option<&mut dyn CommitPositions> {
        match self.queue.is_kept() {
            true => Some(self),
            false => None,
        }
    }
}

impl CommitPositions for InputSource {
    fn commit_positions(&mut self, positions: &[SourcePosition]) -> Result<()> {
        if let Some(row) = positions
            .iter()
            .find_map(|position| row_of(&self.session, position))
        {
            self.queue.keep_from(self.reader, row);
        }
        Ok(())
    }
}
