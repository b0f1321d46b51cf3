//! Where a loop's elements come from.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::frozen::Frozen;
use crate::connector::{Source, SourceEvent, SourcePosition};
use crate::element::{Barrier, StreamElement, WATERMARK_MAX};
use crate::error::Result;
use crate::fail_point::fail_point;
use crate::operator::Collector;
use crate::runtime::chain::Next;
use crate::runtime::edge::Mailbox;
use crate::runtime::merge::{InputMerge, Merged, Round};
use crate::runtime::orders::{Orders, Phase, is_newer};
use crate::runtime::source::RimStage;
use crate::runtime::task::Task;

/// The beginning of a loop's chain.
pub(crate) enum Head {
    /// Rows from outside.
    Source(Box<SourceHead>),
    /// Rows from other subtasks.
    Merge(Box<MergeHead>),
}

/// What taking an element came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was carried through the chain.
    Element,
    /// There is none at hand.
    Nothing,
    /// It was the last.
    Last,
}

/// A source and its rim.
///
/// ```text
/// reading ──its input ends, or is told to stop──► ended ──let go──► over
///    └ barriers: positions saved, handed on           └ barriers as before
/// ```
///
/// **Invariants** With checkpoints, what a source has read is not over before a checkpoint after its end is durable: an input
/// that has ended takes part in every later epoch.
pub(crate) struct SourceHead {
    task: Arc<Task>,
    source: Box<dyn Source>,
    rim: RimStage,
    /// What is at hand is carried through also when the run is told to stop: the source then ends by itself.
    is_drained: bool,
    /// What a wait has brought.
    arrived: Option<Result<SourceEvent>>,
    last_barrier: Option<Barrier>,
    frozen: Frozen,
    has_ended: bool,
    /// What the source is told once the checkpoint of an epoch is durable, oldest first.
    uncommitted: VecDeque<(u64, Vec<SourcePosition>)>,
    /// The source waits for a checkpoint after this one, since there is no room for more rows.
    pressed_since: Option<Option<u64>>,
}

impl SourceHead {
    /// `is_drained`: the source ends by itself when the run is told to stop, with what it has at hand before.
    pub(crate) fn new(task: Arc<Task>, source: Box<dyn Source>, rim: RimStage, is_drained: bool) -> Self {
        Self {
            task,
            source,
            rim,
            is_drained,
            arrived: None,
            last_barrier: None,
            frozen: Frozen::default(),
            has_ended: false,
            uncommitted: VecDeque::new(),
            pressed_since: None,
        }
    }

    /// Tells the rim which partitions there are, before the first element.
    fn open(&mut self) -> Result<()> {
        self.rim.set_partitions(self.source.partitions())
    }

    fn take(&mut self, orders: Orders) -> Result<Taken> {
        self.tell_committed(orders)?;
        if self.has_ended {
            return self.take_after_end(orders);
        }
        if orders.phase != Phase::Running && self.arrived.is_none() && !self.is_drained {
            return self.end();
        }
        if self.arrived.is_none() {
            self.take_barrier(orders)?;
            if self.waits_for_room(orders) {
                return Ok(Taken::Nothing);
            }
        }
        let event = match self.arrived.take() {
            Some(event) => event?,
            None => match poll_once(self.source.next()) {
                Poll::Ready(event) => event?,
                Poll::Pending => return Ok(Taken::Nothing),
            },
        };
        match event {
            SourceEvent::Rows(rows) => self.rim.rows(rows)?,
            SourceEvent::Partitions => self.open()?,
            SourceEvent::End => return self.end(),
        }
        Ok(Taken::Element)
    }

    /// Whether so much has changed since the last checkpoint that more rows have to wait for the next one, which is asked for.
    fn waits_for_room(&mut self, orders: Orders) -> bool {
        if !self.task.cold.is_pressed() {
            self.pressed_since = None;
            return false;
        }
        if self.pressed_since != Some(orders.committed) {
            self.pressed_since = Some(orders.committed);
            self.task.want_checkpoint();
        }
        true
    }

    /// Nothing more will come. The orders are read again: those of this step may be older than the end.
    fn end(&mut self) -> Result<Taken> {
        let orders = *self.task.orders.borrow();
        self.has_ended = true;
        self.pressed_since = None;
        self.rim.end(orders.phase < Phase::Stopping)?;
        self.task.input_ended();
        self.take_after_end(orders)
    }

    fn take_after_end(&mut self, orders: Orders) -> Result<Taken> {
        if orders.is_let_go {
            self.rim.let_go()?;
            return Ok(Taken::Last);
        }
        self.take_barrier(orders)?;
        Ok(Taken::Nothing)
    }

    /// Cuts the source's rows at a barrier that is new.
    fn take_barrier(&mut self, orders: Orders) -> Result<()> {
        let Some(barrier) = newer_barrier(orders, &mut self.last_barrier) else {
            return Ok(());
        };
        self.hand_on_unrepeatable()?;
        let positions = self.source.positions();
        fail_point("source.cut", || self.task.name.clone())?;
        if self.source.committing().is_some() {
            self.uncommitted.push_back((barrier.epoch, positions.clone()));
        }
        let task = Arc::clone(&self.task);
        task.at_barrier(|| {
            while self.frozen.is_any() {
                self.copy_frozen()?;
            }
            self.rim.barrier(barrier, positions)
        })?;
        self.frozen.begin(&task, barrier, self.rim.branches());
        Ok(())
    }

    fn copy_frozen(&mut self) -> Result<()> {
        self.frozen.copy(&self.task, self.rim.branches())
    }

    /// Hands on the rows that a restart could not ask for again.
    fn hand_on_unrepeatable(&mut self) -> Result<()> {
        let mut left = self.source.unrepeatable_rows();
        while left > 0
            && let Poll::Ready(event) = poll_once(self.source.next())
        {
            match event? {
                SourceEvent::Rows(rows) => {
                    left = left.saturating_sub(rows.rows.num_rows());
                    self.rim.rows(rows)?;
                }
                SourceEvent::Partitions => self.open()?,
                // It comes again.
                SourceEvent::End => break,
            }
        }
        Ok(())
    }

    /// Tells the source how far durable checkpoints have come.
    fn tell_committed(&mut self, orders: Orders) -> Result<()> {
        let mut last = None;
        while let Some((epoch, _)) = self.uncommitted.front()
            && orders.committed.is_some_and(|committed| committed >= *epoch)
        {
            last = self.uncommitted.pop_front();
        }
        match (last, self.source.committing()) {
            (Some((_, positions)), Some(source)) => {
                source.commit_positions(&positions)?;
                fail_point("source.told", || self.task.name.clone())
            }
            _ => Ok(()),
        }
    }
}

/// The barrier that is asked for, if it is newer than the last.
fn newer_barrier(orders: Orders, last: &mut Option<Barrier>) -> Option<Barrier> {
    let barrier = orders
        .barrier
        .filter(|barrier| last.is_none_or(|last| is_newer(*barrier, last)))?;
    *last = Some(barrier);
    Some(barrier)
}

/// Looks at a future once, without waiting.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A mailbox and the merge of its channels.
pub(crate) struct MergeHead {
    task: Arc<Task>,
    mailbox: Arc<Mailbox>,
    merge: InputMerge,
    merged: Vec<Merged>,
    /// In a stepped run, rows between two watermarks are brought into an order of their own.
    round: Option<ChannelRound>,
    /// Of a loop without senders, which is like a source whose input has ended.
    last_barrier: Option<Barrier>,
    frozen: Frozen,
    has_ended: bool,
    root: Next,
}

/// A round, and the edge that each channel belongs to.
pub(crate) struct ChannelRound {
    pub(crate) round: Round,
    pub(crate) edges: Vec<usize>,
}

impl MergeHead {
    /// Channels by index: which of the operator's inputs each belongs to.
    pub(crate) fn new(
        task: Arc<Task>,
        mailbox: Arc<Mailbox>,
        inputs: impl IntoIterator<Item = usize>,
        round: Option<ChannelRound>,
        root: Next,
    ) -> Self {
        Self {
            task,
            mailbox,
            merge: InputMerge::new(inputs),
            merged: Vec::new(),
            round,
            last_barrier: None,
            frozen: Frozen::default(),
            has_ended: false,
            root,
        }
    }

    /// A loop that nobody sends to: its input has ended before it began.
    fn take_nothing(&mut self, orders: Orders) -> Result<Taken> {
        if !std::mem::replace(&mut self.has_ended, true) {
            self.root.collect(StreamElement::Watermark(WATERMARK_MAX))?;
            self.task.input_ended();
        }
        if orders.is_let_go {
            self.root.collect(StreamElement::EndOfInput)?;
            return Ok(Taken::Last);
        }
        if let Some(barrier) = newer_barrier(orders, &mut self.last_barrier) {
            self.pass_barrier(barrier)?;
        }
        Ok(Taken::Nothing)
    }

    fn take(&mut self, orders: Orders) -> Result<Taken> {
        if self.merge.channel_count() == 0 {
            return self.take_nothing(orders);
        }
        self.mailbox.check()?;
        let merge = &self.merge;
        let popped = match &self.round {
            None => self.mailbox.pop(|channel| merge.is_held(channel)),
            Some(_) => self
                .mailbox
                .pop_least(|channel| (!merge.is_held(channel)).then(|| merge.bound(channel))),
        };
        let Some((channel, element)) = popped else {
            return Ok(if self.finish_round()? {
                Taken::Element
            } else {
                Taken::Nothing
            });
        };
        self.merge.take(channel, element, &mut self.merged);
        for merged in std::mem::take(&mut self.merged) {
            match (merged, &mut self.round) {
                (Merged::Batch(_, batch), Some(ChannelRound { round, edges })) => {
                    round.hold(edges[channel], batch)
                }
                (other, _) => {
                    self.finish_round()?;
                    if self.pass(other)? == Taken::Last {
                        return Ok(Taken::Last);
                    }
                }
            }
        }
        Ok(Taken::Element)
    }

    fn pass(&mut self, merged: Merged) -> Result<Taken> {
        match merged {
            Merged::Batch(input, batch) => self.root.collect_from(input, StreamElement::Batch(batch))?,
            Merged::Watermark(watermark) => self.root.collect(StreamElement::Watermark(watermark))?,
            Merged::Idle => self.root.collect(StreamElement::Idle)?,
            Merged::Barrier(barrier) => self.pass_barrier(barrier)?,
            Merged::End => {
                self.root.collect(StreamElement::EndOfInput)?;
                return Ok(Taken::Last);
            }
        }
        Ok(Taken::Element)
    }

    fn pass_barrier(&mut self, barrier: Barrier) -> Result<()> {
        let task = Arc::clone(&self.task);
        task.at_barrier(|| {
            while self.frozen.is_any() {
                self.copy_frozen()?;
            }
            self.root.collect(StreamElement::Barrier(barrier))
        })?;
        self.frozen.begin(&task, barrier, [&mut self.root]);
        Ok(())
    }

    fn copy_frozen(&mut self) -> Result<()> {
        self.frozen.copy(&self.task, [&mut self.root])
    }

    /// Hands on what the round holds back; says whether that was anything.
    fn finish_round(&mut self) -> Result<bool> {
        let Some(ChannelRound { round, .. }) = &mut self.round else {
            return Ok(false);
        };
        let batches = round.finish()?;
        let is_any = !batches.is_empty();
        for (input, batch) in batches {
            self.root.collect_from(input, StreamElement::Batch(batch))?;
        }
        Ok(is_any)
    }
}

impl Head {
    /// Before the first element.
    pub(crate) fn open(&mut self) -> Result<()> {
        match self {
            Head::Source(head) => head.open(),
            Head::Merge(_) => Ok(()),
        }
    }

    /// Takes one element, if there is one at hand, and carries it through the chain.
    pub(crate) fn take(&mut self, orders: Orders) -> Result<Taken> {
        match self {
            Head::Source(head) => head.take(orders),
            Head::Merge(head) => head.take(orders),
        }
    }

    /// Whether something that was frozen at a barrier is still to be copied.
    pub(crate) fn has_frozen(&self) -> bool {
        match self {
            Head::Source(head) => head.frozen.is_any(),
            Head::Merge(head) => head.frozen.is_any(),
        }
    }

    /// Copies a slice of it.
    pub(crate) fn copy_frozen(&mut self) -> Result<()> {
        match self {
            Head::Source(head) => head.copy_frozen(),
            Head::Merge(head) => head.copy_frozen(),
        }
    }

    /// Waits until [`Head::take`] finds an element.
    pub(crate) async fn ready(&mut self) {
        match self {
            Head::Source(head) if head.has_ended => std::future::pending().await,
            // What makes room is a commit, which changes the orders.
            Head::Source(head) if head.arrived.is_none() && head.pressed_since.is_some() => {
                std::future::pending().await
            }
            Head::Source(head) => {
                if head.arrived.is_none() {
                    head.arrived = Some(head.source.next().await);
                }
            }
            Head::Merge(head) => {
                let MergeHead { mailbox, merge, .. } = head.as_mut();
                poll_fn(|context| mailbox.poll_ready(|channel| merge.is_held(channel), context)).await;
            }
        }
    }

    /// The clock has moved: event time that is the clock's follows at once.
    pub(crate) fn follow_clock(&mut self) -> Result<()> {
        match self {
            Head::Source(head) => head.rim.follow_clock(),
            Head::Merge(head) => head.root.follow_clock(),
        }
    }

    /// When the clock next changes something.
    pub(crate) fn next_due_us(&mut self) -> Option<i64> {
        match self {
            Head::Source(head) => head.rim.next_due_us(),
            Head::Merge(head) => head.root.next_due_us(),
        }
    }

    /// The clock has reached a due time.
    pub(crate) fn fire(&mut self, now_us: i64) -> Result<()> {
        match self {
            Head::Source(head) => head.rim.fire(now_us),
            Head::Merge(head) => head.root.fire(now_us),
        }
    }

    /// Whether a source waits until there is room for its rows.
    pub(crate) fn waits_for_room(&self) -> bool {
        matches!(self, Head::Source(head) if head.pressed_since.is_some())
    }

    /// Visits the outputs of the chain's root.
    pub(crate) fn each_branch(&mut self, visit: impl FnMut(&mut Next) -> Result<()>) -> Result<()> {
        match self {
            Head::Source(head) => head.rim.branches().into_iter().try_for_each(visit),
            Head::Merge(head) => std::iter::once(&mut head.root).try_for_each(visit),
        }
    }
}
