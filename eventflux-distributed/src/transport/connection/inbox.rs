//! What has come for one channel and was not taken.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::shared::lock;
use crate::transport::config::CreditConfig;
use crate::transport::credit::CreditWindow;
use crate::transport::error::TransportError;
use crate::transport::frame::{Frame, FrameType, decode_barrier};

/// Frames without credit that wait at the most. Watermarks in a row count once, so that only a peer that breaks the protocol gets
/// there.
const CONTROL_MAX: usize = 64 << 10;

/// The queue between the reader and the receiver of a channel.
#[derive(Debug)]
pub(super) struct Inbox {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window: CreditWindow,
    queue: VecDeque<Frame>,
    control_count: usize,
    next_seq: u32,
    epoch: u32,
    has_ended: bool,
    /// The receiver is gone: what comes is counted and dropped.
    is_stopped: bool,
    failure: Option<TransportError>,
    receiver: Option<Waker>,
}

impl Inbox {
    pub(super) fn new(credit: CreditConfig, now_us: i64) -> Self {
        Self {
            state: Mutex::new(State {
                window: CreditWindow::new(credit, now_us),
                queue: VecDeque::new(),
                control_count: 0,
                next_seq: 0,
                epoch: 0,
                has_ended: false,
                is_stopped: false,
                failure: None,
                receiver: None,
            }),
        }
    }

    /// Counts a frame whose body has not come; says what is wrong if it was not granted.
    pub(super) fn admit(&self, cost: u64) -> Result<(), String> {
        let received = lock(&self.state).window.receive(cost);
        received.map_err(|exceeded| {
            format!(
                "{} bytes where {} were granted",
                exceeded.received, exceeded.limit
            )
        })
    }

    /// Takes a frame in; says what is wrong with its place.
    pub(super) fn put(&self, frame: Frame, generation: u64) -> Result<(), String> {
        let receiver = {
            let mut state = lock(&self.state);
            state.check(&frame, generation)?;
            if state.is_stopped {
                return Ok(());
            }
            state.put(frame)?;
            state.receiver.take()
        };
        receiver.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// The next frame, or why there will be none.
    pub(super) fn poll_next(
        &self,
        context: &mut Context<'_>,
        failure: impl Fn() -> Option<TransportError>,
    ) -> Poll<Result<Frame, TransportError>> {
        let mut state = lock(&self.state);
        if let Some(frame) = state.queue.pop_front() {
            state.control_count -= usize::from(!frame.header.frame_type.needs_credit());
            return Poll::Ready(Ok(frame));
        }
        // Whoever fails the connection sets the reason first and then asks for this lock, to wake.
        state.receiver = Some(context.waker().clone());
        match state.failure.clone().or_else(failure) {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }

    /// Something of the credit changes; a new limit is to be told to the sender.
    pub(super) fn credit<T>(&self, change: impl FnOnce(&mut CreditWindow) -> T) -> T {
        change(&mut lock(&self.state).window)
    }

    /// The sender gave up.
    pub(super) fn fail(&self, error: TransportError) {
        let receiver = {
            let mut state = lock(&self.state);
            state.failure.get_or_insert(error);
            state.receiver.take()
        };
        receiver.into_iter().for_each(Waker::wake);
    }

    pub(super) fn wake(&self) {
        let receiver = lock(&self.state).receiver.take();
        receiver.into_iter().for_each(Waker::wake);
    }

    /// The receiver goes away; says whether the sender is to be told.
    pub(super) fn stop(&self) -> bool {
        let mut state = lock(&self.state);
        state.is_stopped = true;
        state.queue.clear();
        state.control_count = 0;
        !state.has_ended && state.failure.is_none()
    }
}

impl State {
    /// A frame's place: none was lost, none came twice, none has overtaken a barrier.
    fn check(&mut self, frame: &Frame, generation: u64) -> Result<(), String> {
        let header = &frame.header;
        let kind = header.frame_type;
        if header.seq != self.next_seq {
            return Err(format!(
                "frame {} of a channel in place of {}",
                header.seq, self.next_seq
            ));
        }
        if self.has_ended {
            return Err(format!("a {kind:?} behind the end of a channel"));
        }
        if kind == FrameType::Barrier {
            let barrier = decode_barrier(frame.bytes())?;
            if barrier.generation != generation {
                return Err(format!(
                    "a barrier of generation {}; this is generation {generation}",
                    barrier.generation
                ));
            }
            // By design: its low 32 bits.
            self.epoch = barrier.epoch as u32;
        }
        if header.epoch != self.epoch {
            return Err(format!(
                "a {kind:?} of epoch {} in epoch {}",
                header.epoch, self.epoch
            ));
        }
        self.next_seq = self.next_seq.wrapping_add(1);
        self.has_ended = kind == FrameType::EndOfInput;
        Ok(())
    }

    fn put(&mut self, frame: Frame) -> Result<(), String> {
        let kind = frame.header.frame_type;
        if !kind.needs_credit() {
            let last = self.queue.back_mut();
            let last = last.filter(|last| last.header.frame_type == kind);
            if let Some(last) = last
                && matches!(kind, FrameType::Watermark | FrameType::Idle)
            {
                *last = frame;
                return Ok(());
            }
            self.control_count += 1;
            if self.control_count > CONTROL_MAX {
                return Err(format!("{CONTROL_MAX} frames that wait and need no credit"));
            }
        }
        self.queue.push_back(frame);
        Ok(())
    }
}
