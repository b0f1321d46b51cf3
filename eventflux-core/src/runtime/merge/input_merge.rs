//! The decisions of a subtask with senders, without I/O.

use super::channel::Channel;
use crate::batch::EventBatch;
use crate::element::{Barrier, StreamElement, WATERMARK_MIN, Watermark};
use crate::runtime::orders::is_newer;

/// What the first operator of a subtask is to see.
#[derive(Debug, Clone)]
pub(crate) enum Merged {
    /// Rows of one of its inputs.
    Batch(usize, EventBatch),
    /// Event time has advanced over all inputs.
    Watermark(Watermark),
    /// No input has rows at hand.
    Idle,
    /// Every input has sent this barrier (or has ended).
    Barrier(Barrier),
    /// Every input has ended.
    End,
}

/// Merges the elements of all channels.
///
/// **Invariants** Watermarks are strictly increasing. Idle channels do not hold the watermark back; when all are idle it
/// stays where it is. A channel that has sent a barrier is held until all have it; a channel that has ended counts as having
/// it. A newer barrier takes the place of one that is not complete.
#[derive(Debug)]
pub(crate) struct InputMerge {
    channels: Vec<Channel>,
    watermark: Watermark,
    is_idle: bool,
    barrier: Option<Barrier>,
    last_barrier: Option<Barrier>,
}

impl InputMerge {
    /// A merge of channels, of each the operator's input that it belongs to.
    pub(crate) fn new(inputs: impl IntoIterator<Item = usize>) -> Self {
        Self {
            channels: inputs.into_iter().map(Channel::new).collect(),
            watermark: WATERMARK_MIN,
            is_idle: false,
            barrier: None,
            last_barrier: None,
        }
    }

    /// Whether a channel's elements wait for a barrier of the others.
    pub(crate) fn is_held(&self, channel: usize) -> bool {
        self.channels[channel].is_held
    }

    /// How far a channel lets event time advance.
    pub(crate) fn bound(&self, channel: usize) -> Watermark {
        self.channels[channel].bound()
    }

    /// How many channels there are.
    pub(crate) fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// Whether every channel has ended.
    fn has_ended(&self) -> bool {
        self.channels.iter().all(|channel| channel.has_ended)
    }

    /// Takes one element and says, in order, what follows from it.
    pub(crate) fn take(&mut self, channel: usize, element: StreamElement, merged: &mut Vec<Merged>) {
        match element {
            StreamElement::Batch(batch) => {
                self.wake(channel);
                merged.push(Merged::Batch(self.channels[channel].input, batch));
            }
            StreamElement::Watermark(watermark) => {
                self.wake(channel);
                let last = &mut self.channels[channel].watermark;
                *last = watermark.max(*last);
                self.advance(merged);
            }
            StreamElement::Idle => {
                self.channels[channel].is_idle = true;
                self.advance(merged);
            }
            StreamElement::Barrier(barrier) => self.align(channel, barrier, merged),
            StreamElement::EndOfInput => {
                let ended = &mut self.channels[channel];
                ended.has_ended = true;
                ended.is_idle = false;
                self.advance(merged);
                self.complete_barrier(merged);
                if self.has_ended() {
                    merged.push(Merged::End);
                }
            }
        }
    }

    fn wake(&mut self, channel: usize) {
        self.channels[channel].is_idle = false;
        self.is_idle = false;
    }

    fn advance(&mut self, merged: &mut Vec<Merged>) {
        // The end of one input is no reason to close what waits for others that are merely idle.
        let live = || self.channels.iter().filter(|channel| !channel.is_over());
        if live().next().is_some() && live().all(|channel| channel.is_idle) {
            if !self.is_idle {
                self.is_idle = true;
                merged.push(Merged::Idle);
            }
            return;
        }
        let least = self
            .channels
            .iter()
            .map(Channel::bound)
            .min()
            .unwrap_or(WATERMARK_MIN);
        if least > self.watermark {
            self.watermark = least;
            merged.push(Merged::Watermark(least));
        }
    }

    fn align(&mut self, channel: usize, barrier: Barrier, merged: &mut Vec<Merged>) {
        match self.barrier {
            Some(current) if current == barrier => {}
            Some(current) if !is_newer(barrier, current) => return,
            None if self.last_barrier.is_some_and(|last| !is_newer(barrier, last)) => return,
            _ => {
                self.release();
                self.barrier = Some(barrier);
            }
        }
        self.channels[channel].is_held = true;
        self.complete_barrier(merged);
    }

    fn complete_barrier(&mut self, merged: &mut Vec<Merged>) {
        if self
            .channels
            .iter()
            .all(|channel| channel.is_held || channel.has_ended)
            && let Some(barrier) = self.barrier.take()
        {
            self.release();
            self.last_barrier = Some(barrier);
            merged.push(Merged::Barrier(barrier));
        }
    }

    fn release(&mut self) {
        self.channels
            .iter_mut()
            .for_each(|channel| channel.is_held = false);
    }
}
