//! The receiving end of all edges of one subtask.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::{Error, Result};

/// One queue per sender. Senders and the receiver meet under a lock that is held for a few instructions per element; either
/// side waits through its waker.
///
/// ```text
///            try_push: rows that fit            pop: skips channels that are held back
/// sender 0 ──────────────► channel 0 ──┐
/// sender 1 ──────────────► channel 1 ──┼──────► the subtask's loop
///            push: needs no credit     │          each pop gives its bytes back as credit
/// ```
#[derive(Debug)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    /// Whether the state has a failure: asked for each element, and false but once.
    has_failed: AtomicBool,
}

#[derive(Debug)]
struct State {
    channels: Vec<Channel>,
    /// Where the next search for an element begins, so that no channel starves.
    next: usize,
    receiver: Option<Waker>,
    /// The receiver is gone: nothing is kept, nobody waits.
    is_closed: bool,
    /// Every watermark counts; otherwise, of several in a row, only the last does.
    keeps_watermarks: bool,
    /// Why a channel will bring nothing more, though its input has not ended.
    failure: Option<Error>,
}

#[derive(Debug)]
struct Channel {
    queue: VecDeque<(StreamElement, usize)>,
    queued_bytes: usize,
    bytes_max: usize,
    /// What the receiver has taken since the beginning.
    taken_bytes: u64,
    sender: Option<Waker>,
}

impl Channel {
    fn admits(&self, bytes: usize) -> bool {
        self.queued_bytes == 0 || self.queued_bytes + bytes <= self.bytes_max
    }
}

impl Mailbox {
    /// A mailbox of this many channels with a budget of bytes each.
    pub(crate) fn new(channel_count: usize, bytes_max: usize) -> Self {
        let channel = |_| Channel {
            queue: VecDeque::new(),
            queued_bytes: 0,
            bytes_max,
            taken_bytes: 0,
            sender: None,
        };
        let channels = (0..channel_count).map(channel).collect();
        Self {
            state: Mutex::new(State {
                channels,
                next: 0,
                receiver: None,
                is_closed: false,
                keeps_watermarks: false,
                failure: None,
            }),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Puts rows into a channel if they fit; otherwise gives them back.
    pub(crate) fn try_push(&self, channel: usize, batch: EventBatch, bytes: usize) -> Result<(), EventBatch> {
        let receiver = {
            let mut state = self.lock();
            if !state.channels[channel].admits(bytes) {
                return Err(batch);
            }
            state.put(channel, StreamElement::Batch(batch), bytes)
        };
        wake(receiver);
        Ok(())
    }

    /// The same mailbox, in which every watermark is kept; otherwise, of several in a row only the last is.
    pub(crate) fn keeping_watermarks(self) -> Self {
        self.lock().keeps_watermarks = true;
        self
    }

    /// Puts an element into a channel, whether it fits or not.
    pub(crate) fn push(&self, channel: usize, element: StreamElement, bytes: usize) {
        let receiver = {
            let mut state = self.lock();
            let keeps_watermarks = state.keeps_watermarks;
            if let (StreamElement::Watermark(new), Some((StreamElement::Watermark(last), _))) =
                (&element, state.channels[channel].queue.back_mut())
                && !keeps_watermarks
            {
                *last = *new;
                return;
            }
            state.put(channel, element, bytes)
        };
        wake(receiver);
    }

    /// Waits until rows of this size fit.
    pub(crate) fn poll_credit(&self, channel: usize, bytes: usize, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let channel = &mut state.channels[channel];
        if channel.admits(bytes) {
            return Poll::Ready(());
        }
        channel.sender = Some(context.waker().clone());
        Poll::Pending
    }

    /// Takes the next element of a channel that is not held back.
    pub(crate) fn pop(&self, is_held: impl Fn(usize) -> bool) -> Option<(usize, StreamElement)> {
        let (index, element, sender) = {
            let mut state = self.lock();
            let count = state.channels.len();
            let first = state.next;
            let index = (0..count)
                .map(|offset| (first + offset) % count)
                .find(|index| !state.channels[*index].queue.is_empty() && !is_held(*index))?;
            state.next = (index + 1) % count;
            let (element, sender) = state.take(index)?;
            (index, element, sender)
        };
        wake(sender);
        Some((index, element))
    }

    /// Takes the next element of the channel with the least rank; a channel without a rank is left alone.
    pub(crate) fn pop_least<R: Ord>(
        &self,
        rank: impl Fn(usize) -> Option<R>,
    ) -> Option<(usize, StreamElement)> {
        let (index, element, sender) = {
            let mut state = self.lock();
            let channels = state
                .channels
                .iter()
                .enumerate()
                .filter(|(_, channel)| !channel.queue.is_empty());
            let ranked = channels.filter_map(|(index, _)| rank(index).map(|rank| (rank, index)));
            let (_, index) = ranked.min()?;
            let (element, sender) = state.take(index)?;
            (index, element, sender)
        };
        wake(sender);
        Some((index, element))
    }

    /// Waits until a channel that is not held back has an element.
    pub(crate) fn poll_ready(&self, is_held: impl Fn(usize) -> bool, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let mut channels = state.channels.iter().enumerate();
        if channels.any(|(index, channel)| !channel.queue.is_empty() && !is_held(index)) {
            return Poll::Ready(());
        }
        if state.failure.is_some() {
            return Poll::Ready(());
        }
        state.receiver = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits until the receiver has taken more than this many bytes from a channel; `None` if it is gone.
    pub(crate) fn poll_taken(
        &self,
        channel: usize,
        known_bytes: u64,
        context: &mut Context<'_>,
    ) -> Poll<Option<u64>> {
        let mut state = self.lock();
        if state.is_closed {
            return Poll::Ready(None);
        }
        let channel = &mut state.channels[channel];
        if channel.taken_bytes > known_bytes {
            return Poll::Ready(Some(channel.taken_bytes));
        }
        channel.sender = Some(context.waker().clone());
        Poll::Pending
    }

    /// A channel will bring nothing more, though its input has not ended: the receiver fails.
    pub(crate) fn fail(&self, error: Error) {
        let receiver = {
            let mut state = self.lock();
            state.failure.get_or_insert(error);
            self.has_failed.store(true, Ordering::Release);
            state.receiver.take()
        };
        wake(receiver);
    }

    /// **Errors** A channel has failed.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.has_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.lock().failure.clone().map_or(Ok(()), Err)
    }

    /// The receiver goes away: what waits is dropped, and so is everything to come.
    pub(crate) fn close(&self) {
        let (dropped, senders) = {
            let mut state = self.lock();
            state.is_closed = true;
            let mut dropped = Vec::new();
            let mut senders = Vec::new();
            for channel in &mut state.channels {
                channel.queued_bytes = 0;
                dropped.append(&mut Vec::from(std::mem::take(&mut channel.queue)));
                senders.push(channel.sender.take());
            }
            (dropped, senders)
        };
        drop(dropped);
        senders.into_iter().for_each(wake);
    }

    /// Whether the receiver is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Bytes that wait in all channels.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.lock()
            .channels
            .iter()
            .map(|channel| channel.queued_bytes)
            .sum()
    }

    /// A panic while the lock was held cannot leave it half changed in a way that matters: the run ends anyway.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns whom to wake, once the lock is free.
    fn put(&mut self, channel: usize, element: StreamElement, bytes: usize) -> Option<Waker> {
        if self.is_closed {
            return None;
        }
        let channel = &mut self.channels[channel];
        channel.queue.push_back((element, bytes));
        channel.queued_bytes += bytes;
        self.receiver.take()
    }

    fn take(&mut self, channel: usize) -> Option<(StreamElement, Option<Waker>)> {
        let channel = &mut self.channels[channel];
        let (element, bytes) = channel.queue.pop_front()?;
        channel.queued_bytes -= bytes;
        channel.taken_bytes += bytes as u64;
        Some((element, if bytes > 0 { channel.sender.take() } else { None }))
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;
    use crate::element::Barrier;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn one_row(value: i64) -> EventBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![value]));
        EventBatch::at(RecordBatch::try_from_iter([("n", column)]).unwrap(), value)
    }

    fn any(_: usize) -> bool {
        false
    }

    #[test]
    fn rows_beyond_the_budget_are_given_back_until_others_are_taken() {
        let mailbox = Mailbox::new(1, 100);
        assert!(mailbox.try_push(0, one_row(1), 60).is_ok());
        assert!(mailbox.try_push(0, one_row(2), 41).is_err());
        assert!(mailbox.try_push(0, one_row(2), 40).is_ok());
        assert_eq!(mailbox.queued_bytes(), 100);
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(
            mailbox
                .poll_credit(0, 1, &mut Context::from_waker(&waker))
                .is_pending()
        );
        assert!(mailbox.pop(any).is_some());
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(
            mailbox
                .poll_credit(0, 60, &mut Context::from_waker(&waker))
                .is_ready()
        );
    }

    #[test]
    fn a_batch_larger_than_the_budget_passes_alone() {
        let mailbox = Mailbox::new(1, 100);
        assert!(mailbox.try_push(0, one_row(1), 1_000).is_ok());
        assert!(mailbox.try_push(0, one_row(2), 1).is_err());
        assert!(mailbox.pop(any).is_some());
        assert!(mailbox.try_push(0, one_row(2), 1).is_ok());
    }

    #[test]
    fn control_elements_need_no_credit_and_keep_their_place() {
        let mailbox = Mailbox::new(1, 10);
        assert!(mailbox.try_push(0, one_row(1), 10).is_ok());
        mailbox.push(0, StreamElement::Watermark(1), 0);
        mailbox.push(0, StreamElement::Watermark(2), 0);
        mailbox.push(
            0,
            StreamElement::Barrier(Barrier {
                generation: 0,
                epoch: 1,
            }),
            0,
        );
        mailbox.push(0, StreamElement::EndOfInput, 0);
        let taken: Vec<String> = std::iter::from_fn(|| mailbox.pop(any))
            .map(|(_, element)| format!("{element:?}"))
            .collect();
        assert!(taken[0].starts_with("Batch"));
        assert_eq!(
            taken[1..],
            [
                "Watermark(2)",
                "Barrier(Barrier { generation: 0, epoch: 1 })",
                "EndOfInput"
            ]
        );
    }

    #[test]
    fn without_a_receiver_nothing_is_kept_and_nobody_waits() {
        let mailbox = Mailbox::new(1, 10);
        assert!(mailbox.try_push(0, one_row(1), 10).is_ok());
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(
            mailbox
                .poll_credit(0, 10, &mut Context::from_waker(&waker))
                .is_pending()
        );
        mailbox.close();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(mailbox.try_push(0, one_row(2), 1_000).is_ok());
        assert!(mailbox.try_push(0, one_row(2), 1_000).is_ok());
        assert_eq!(mailbox.queued_bytes(), 0);
        assert!(mailbox.pop(any).is_none());
    }

    #[test]
    fn a_feeder_learns_what_was_taken_and_a_failure_reaches_the_receiver() {
        let mailbox = Mailbox::new(1, 100);
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        mailbox.push(0, StreamElement::Batch(one_row(1)), 60);
        assert!(mailbox.poll_taken(0, 0, &mut context).is_pending());
        assert!(mailbox.pop(any).is_some());
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert_eq!(mailbox.poll_taken(0, 0, &mut context), Poll::Ready(Some(60)));
        assert!(mailbox.poll_taken(0, 60, &mut context).is_pending());
        assert!(mailbox.check().is_ok());
        assert!(mailbox.poll_ready(any, &mut context).is_pending());
        mailbox.fail(Error::Bug("the wire broke".into()));
        assert_eq!(woken.0.load(Ordering::SeqCst), 2);
        assert!(mailbox.poll_ready(any, &mut context).is_ready());
        let error = mailbox.check().expect_err("a channel has failed");
        assert_eq!(error.to_string(), "internal error: the wire broke");
    }

    #[test]
    fn channels_take_turns_and_held_ones_wait() {
        let mailbox = Mailbox::new(2, 1_000);
        for value in 0..2 {
            assert!(mailbox.try_push(0, one_row(value), 10).is_ok());
            assert!(mailbox.try_push(1, one_row(value), 10).is_ok());
        }
        let order: Vec<usize> = std::iter::from_fn(|| mailbox.pop(any))
            .map(|(channel, _)| channel)
            .collect();
        assert_eq!(order, [0, 1, 0, 1]);
        assert!(mailbox.try_push(0, one_row(5), 10).is_ok());
        let held = |channel: usize| channel == 0;
        assert!(mailbox.pop(held).is_none());
        let woken = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(
            mailbox
                .poll_ready(held, &mut Context::from_waker(&waker))
                .is_pending()
        );
        mailbox.push(1, StreamElement::Idle, 0);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(
            mailbox
                .poll_ready(held, &mut Context::from_waker(&waker))
                .is_ready()
        );
    }
}
