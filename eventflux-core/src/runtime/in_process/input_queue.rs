//! Rows on their way from this process into a source.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::InputError;
use crate::batch::{RowBuilder, Value};
use crate::error::Result;

/// A queue of batches, the last of which may still grow by rows. Any number of senders, one receiver.
#[derive(Debug)]
pub(crate) struct InputQueue {
    bytes_max: usize,
    batch_rows_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    batches: VecDeque<(RecordBatch, usize)>,
    /// Rows after the last batch.
    rows: RowBuilder,
    queued_bytes: usize,
    has_ended: bool,
    receiver: Option<Waker>,
    senders: Vec<Waker>,
}

impl InputQueue {
    pub(crate) fn new(schema: SchemaRef, bytes_max: usize, batch_rows_max: usize) -> Result<Self> {
        let state = State {
            batches: VecDeque::new(),
            rows: RowBuilder::new(schema)?,
            queued_bytes: 0,
            has_ended: false,
            receiver: None,
            senders: Vec::new(),
        };
        Ok(Self {
            bytes_max,
            batch_rows_max: batch_rows_max.max(1),
            state: Mutex::new(state),
        })
    }

    /// Puts a batch of the queue's schema into it once there is room.
    pub(super) fn poll_send_batch(
        &self,
        batch: &RecordBatch,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), InputError>> {
        let bytes = batch.get_array_memory_size();
        self.poll_send(bytes, context, |state| {
            state.close_rows()?;
            state.batches.push_back((batch.clone(), bytes));
            state.queued_bytes += bytes;
            Ok(())
        })
    }

    /// Puts a row into the queue once there is room.
    pub(super) fn poll_send_row(
        &self,
        row: &[Value],
        context: &mut Context<'_>,
    ) -> Poll<Result<(), InputError>> {
        let rows_max = self.batch_rows_max;
        self.poll_send(0, context, |state| {
            let bytes_before = state.rows.memory_bytes();
            state.rows.push(row)?;
            state.queued_bytes += state.rows.memory_bytes() - bytes_before;
            if state.rows.row_count() >= rows_max {
                state.close_rows()?;
            }
            Ok(())
        })
    }

    /// Takes the next rows.
    pub(crate) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Result<Option<RecordBatch>>> {
        let mut state = self.lock();
        if state.batches.is_empty()
            && let Err(error) = state.close_rows()
        {
            return Poll::Ready(Err(error));
        }
        let Some((batch, bytes)) = state.batches.pop_front() else {
            if state.has_ended {
                return Poll::Ready(Ok(None));
            }
            state.receiver = Some(context.waker().clone());
            return Poll::Pending;
        };
        state.queued_bytes -= bytes;
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        senders.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(Some(batch)))
    }

    /// Rows that wait.
    pub(crate) fn row_count(&self) -> usize {
        let state = self.lock();
        let in_batches: usize = state.batches.iter().map(|(batch, _)| batch.num_rows()).sum();
        in_batches + state.rows.row_count()
    }

    /// No more rows: senders are refused from now on.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        let senders = std::mem::take(&mut state.senders);
        let receiver = state.receiver.take();
        drop(state);
        senders.into_iter().chain(receiver).for_each(Waker::wake);
    }

    fn poll_send(
        &self,
        bytes: usize,
        context: &mut Context<'_>,
        put: impl FnOnce(&mut State) -> Result<(), InputError>,
    ) -> Poll<Result<(), InputError>> {
        let mut state = self.lock();
        if state.has_ended {
            return Poll::Ready(Err(InputError::Ended));
        }
        if state.queued_bytes > 0 && state.queued_bytes + bytes >= self.bytes_max {
            state.senders.push(context.waker().clone());
            return Poll::Pending;
        }
        let result = put(&mut state);
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Poll::Ready(result)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes a batch of the single rows.
    fn close_rows(&mut self) -> Result<()> {
        if self.rows.row_count() > 0 {
            let bytes = self.rows.memory_bytes();
            self.batches.push_back((self.rows.finish()?, bytes));
        }
        Ok(())
    }
}
