//! Rows on their way from this process into a source.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::InputError;
use crate::batch::{RowBuilder, Value};
use crate::error::{Error, Result};

/// A queue of batches, the last of which may still grow by rows. Any number of senders, one reader at a time.
///
/// ```text
///          keep_from      handed on          waiting
///   let go ──────► │ batch │ batch │ batch │ batch │ rows │ ◄── senders
///                  └ first_row      └ handed_on counts batches
/// ```
///
/// A queue that keeps its rows has them until they are let go, so that a later reader begins with them; another one lets go of
/// what it hands on.
///
/// **Invariants** What is kept and what waits are bounded together. Of several readers only the last one gets rows; the others fail, so
/// that none takes itself for one whose senders have nothing to send.
#[derive(Debug)]
pub(crate) struct InputQueue {
    bytes_max: usize,
    batch_rows_max: usize,
    is_kept: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Those that were handed on and are kept, then those that wait.
    batches: VecDeque<(RecordBatch, usize)>,
    /// How many of the batches were handed on.
    handed_on: usize,
    /// The number of the first row of the first batch, counted from the first row of all.
    first_row: u64,
    /// Rows after the last batch.
    rows: RowBuilder,
    queued_bytes: usize,
    /// Senders are refused.
    is_closed: bool,
    has_ended: bool,
    /// The number of the last reader.
    reader: u64,
    receiver: Option<Waker>,
    senders: Vec<Waker>,
}

/// A reader of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueReader(u64);

impl InputQueue {
    /// `is_kept`: rows that were handed on are kept until they are let go.
    pub(crate) fn new(
        schema: SchemaRef,
        bytes_max: usize,
        batch_rows_max: usize,
        is_kept: bool,
    ) -> Result<Self> {
        let state = State {
            batches: VecDeque::new(),
            handed_on: 0,
            first_row: 0,
            rows: RowBuilder::new(schema)?,
            queued_bytes: 0,
            is_closed: false,
            has_ended: false,
            reader: 0,
            receiver: None,
            senders: Vec::new(),
        };
        Ok(Self {
            bytes_max,
            batch_rows_max: batch_rows_max.max(1),
            is_kept,
            state: Mutex::new(state),
        })
    }

    /// Whether rows that were handed on are kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Begins to read, in place of whoever has read before: at this row, those before which are let go, or with all that is kept.
    /// Also gives the number of the first row.
    ///
    /// **Errors** The row is not to be had.
    pub(crate) fn open(&self, from_row: Option<u64>) -> Result<(QueueReader, u64)> {
        let mut state = self.lock();
        if let Some(row) = from_row {
            state.let_go(row);
            if state.first_row != row {
                let message = format!(
                    "a handler's row {row} is wanted, and row {} is the first",
                    state.first_row
                );
                return Err(Error::Bug(message));
            }
        }
        state.handed_on = 0;
        state.reader += 1;
        let opened = (QueueReader(state.reader), state.first_row);
        let senders = std::mem::take(&mut state.senders);
        // Who has read before learns that it does not any more.
        let receiver = state.receiver.take();
        drop(state);
        senders.into_iter().chain(receiver).for_each(Waker::wake);
        Ok(opened)
    }

    /// Rows before this one are not asked for again. Only the last reader can say so.
    pub(crate) fn keep_from(&self, reader: QueueReader, row: u64) {
        let mut state = self.lock();
        if reader.0 != state.reader {
            return;
        }
        state.let_go(row);
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        senders.into_iter().for_each(Waker::wake);
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
    ///
    /// **Errors** Another one reads them now.
    pub(crate) fn poll_next(
        &self,
        reader: QueueReader,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RecordBatch>>> {
        let mut state = self.lock();
        if reader.0 != state.reader {
            let subtask = "a reader of a handler's rows, which another run reads now".to_owned();
            return Poll::Ready(Err(Error::Cancelled { subtask }));
        }
        if state.batches.len() == state.handed_on
            && let Err(error) = state.close_rows()
        {
            return Poll::Ready(Err(error));
        }
        let next = match self.is_kept {
            true => state.batches.get(state.handed_on).cloned(),
            false => state.batches.pop_front(),
        };
        let Some((batch, bytes)) = next else {
            if state.has_ended {
                return Poll::Ready(Ok(None));
            }
            state.receiver = Some(context.waker().clone());
            return Poll::Pending;
        };
        if self.is_kept {
            state.handed_on += 1;
            return Poll::Ready(Ok(Some(batch)));
        }
        state.queued_bytes -= bytes;
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        senders.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(Some(batch)))
    }

    /// Whether there are rows that were not let go.
    pub(crate) fn holds_rows(&self) -> bool {
        let state = self.lock();
        !state.batches.is_empty() || state.rows.row_count() > 0
    }

    /// Rows that wait.
    pub(crate) fn row_count(&self) -> usize {
        let state = self.lock();
        let waiting = state.batches.iter().skip(state.handed_on);
        let in_batches: usize = waiting.map(|(batch, _)| batch.num_rows()).sum();
        in_batches + state.rows.row_count()
    }

    /// Senders are refused from now on; the stream does not end.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        senders.into_iter().for_each(Waker::wake);
    }

    /// No more rows: senders are refused from now on.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_closed = true;
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
        if state.is_closed {
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

    /// Forgets rows before this one.
    fn let_go(&mut self, row: u64) {
        while let Some((batch, bytes)) = self.batches.front_mut()
            && row > self.first_row
        {
            let rows = batch.num_rows() as u64;
            let past = row - self.first_row;
            if past < rows {
                // The bytes are held by what is left of it, too.
                *batch = batch.slice(past as usize, (rows - past) as usize);
                self.first_row = row;
            } else {
                self.queued_bytes -= *bytes;
                self.batches.pop_front();
                self.first_row += rows;
                self.handed_on = self.handed_on.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use arrow::array::AsArray;
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    fn queue(bytes_max: usize) -> InputQueue {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
        InputQueue::new(Arc::new(schema), bytes_max, 3, true).unwrap()
    }

    fn context() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    fn send(queue: &InputQueue, numbers: std::ops::Range<i64>) -> usize {
        let sent = numbers.map(|number| queue.poll_send_row(&[Value::Int(number)], &mut context()));
        sent.take_while(|sent| matches!(sent, Poll::Ready(Ok(()))))
            .count()
    }

    fn read(queue: &InputQueue, reader: QueueReader) -> Vec<i64> {
        let mut read = Vec::new();
        while let Poll::Ready(Ok(Some(batch))) = queue.poll_next(reader, &mut context()) {
            read.extend(batch.column(0).as_primitive::<Int64Type>().values());
        }
        read
    }

    fn is_replaced(queue: &InputQueue, reader: QueueReader) -> bool {
        let polled = queue.poll_next(reader, &mut context());
        matches!(polled, Poll::Ready(Err(Error::Cancelled { .. })))
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_later_reader_begins_with_the_row_that_it_asks_for() {
        let queue = queue(1 << 20);
        send(&queue, 0..8);
        let (first, _) = queue.open(None).unwrap();
        assert_eq!(read(&queue, first), (0..8).collect::<Vec<_>>());
        let (second, first_row) = queue.open(None).unwrap();
        assert_eq!(first_row, 0);
        assert!(is_replaced(&queue, first));
        assert_eq!(read(&queue, second), (0..8).collect::<Vec<_>>());
        let (third, first_row) = queue.open(Some(4)).unwrap();
        assert_eq!(first_row, 4);
        send(&queue, 8..10);
        assert_eq!(read(&queue, third), (4..10).collect::<Vec<_>>());
        assert!(queue.open(Some(3)).is_err(), "row 3 is let go");
        assert!(queue.open(Some(11)).is_err(), "row 11 was never sent");
    }

    /// A part of an earlier run may come late to its queue. What it replaces would wait for ever, and take checkpoints without any rows.
    #[test]
    fn a_reader_that_another_one_replaces_fails_and_hears_of_it() {
        let queue = queue(1 << 20);
        let (first, _) = queue.open(None).unwrap();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let waiting = queue.poll_next(first, &mut Context::from_waker(&waker));
        assert!(waiting.is_pending());
        queue.open(None).unwrap();
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(is_replaced(&queue, first));
    }

    #[test]
    fn rows_that_are_kept_hold_senders_up_until_they_are_let_go() {
        let queue = queue(200);
        let sent = send(&queue, 0..1_000);
        assert!(sent < 1_000, "{sent}");
        let (reader, _) = queue.open(None).unwrap();
        assert_eq!(read(&queue, reader).len(), sent);
        assert_eq!(send(&queue, 0..1), 0, "what was read is kept");
        assert!(queue.holds_rows());
        queue.keep_from(reader, sent as u64);
        assert!(!queue.holds_rows());
        assert_eq!(send(&queue, 0..1), 1);
        assert!(queue.holds_rows());
        assert_eq!(queue.row_count(), 1);
    }

    #[test]
    fn a_closed_queue_refuses_rows_and_does_not_end() {
        let queue = queue(1 << 20);
        send(&queue, 0..2);
        queue.close();
        assert_eq!(send(&queue, 2..3), 0);
        let (reader, _) = queue.open(None).unwrap();
        assert_eq!(read(&queue, reader), [0, 1]);
        assert!(queue.poll_next(reader, &mut context()).is_pending());
        queue.end();
        assert!(matches!(
            queue.poll_next(reader, &mut context()),
            Poll::Ready(Ok(None))
        ));
    }
}
