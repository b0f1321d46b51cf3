//! What a connection is to send: a queue per channel, and which frame goes next.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

/// The sending end of a connection's credit. `F` is a frame, or what stands for one in a simulation.
///
/// **Invariants** Frames of a channel leave in the order in which they came. Of a channel, no more bytes leave than were granted.
/// A channel without credit holds up no other; those that may send take turns. Frames that belong to no order leave first.
#[derive(Debug)]
pub struct Outbox<F> {
    urgent: VecDeque<F>,
    lanes: BTreeMap<u16, Lane<F>>,
    /// Channels whose first frame may leave, each once.
    ready: VecDeque<u16>,
}

/// What is to be sent next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<F> {
    /// This frame.
    Frame(F),
    /// A request: the channel's next frame needs credit for this many bytes.
    Need {
        /// The channel.
        channel: u16,
        /// The frame's bytes.
        bytes: u64,
    },
}

#[derive(Debug)]
struct Lane<F> {
    queue: VecDeque<Queued<F>>,
    queued_bytes: usize,
    bytes_max: usize,
    sent: u64,
    limit: u64,
    is_ready: bool,
    /// The peer knows what the first frame needs.
    has_asked: bool,
    /// The peer reads no more: what is put in is dropped.
    is_stopped: bool,
    /// Nothing more is put in.
    is_closed: bool,
    /// Who waits for room.
    sender: Option<Waker>,
}

#[derive(Debug)]
struct Queued<F> {
    frame: F,
    /// What it counts; `None` needs no credit.
    cost: Option<u64>,
    /// A later one of its kind makes it needless.
    is_replaceable: bool,
}

impl<F> Default for Outbox<F> {
    fn default() -> Self {
        Self {
            urgent: VecDeque::new(),
            lanes: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }
}

impl<F> Outbox<F> {
    /// A new channel, with a budget of bytes for what waits.
    pub fn open(&mut self, channel: u16, bytes_max: usize) {
        let lane = Lane {
            queue: VecDeque::new(),
            queued_bytes: 0,
            bytes_max,
            sent: 0,
            limit: 0,
            is_ready: false,
            has_asked: false,
            is_stopped: false,
            is_closed: false,
            sender: None,
        };
        self.lanes.insert(channel, lane);
    }

    /// A frame that belongs to no order.
    pub fn push_urgent(&mut self, frame: F) {
        self.urgent.push_back(frame);
    }

    /// Whether a channel takes more; if not, `waker` is woken when it does.
    pub fn admits(&mut self, channel: u16, waker: Option<&Waker>) -> bool {
        let Some(lane) = self.lanes.get_mut(&channel) else {
            return true;
        };
        let admits = lane.is_stopped || lane.queued_bytes < lane.bytes_max.max(1);
        if !admits && let Some(waker) = waker {
            lane.sender = Some(waker.clone());
        }
        admits
    }

    /// Whether there is a channel whose last frame that waits is needless if this one follows.
    pub fn is_last_replaceable(&self, channel: u16) -> bool {
        let last = self.lanes.get(&channel).and_then(|lane| lane.queue.back());
        last.is_some_and(|queued| queued.is_replaceable)
    }

    /// Puts a frame in the place of the last one that waits.
    pub fn replace_last(&mut self, channel: u16, frame: F) {
        let last = self
            .lanes
            .get_mut(&channel)
            .and_then(|lane| lane.queue.back_mut());
        if let Some(queued) = last {
            queued.frame = frame;
        }
    }

    /// A frame of a channel; `cost` is what it counts in its credit, if it needs any.
    pub fn push(&mut self, channel: u16, frame: F, cost: Option<u64>, is_replaceable: bool) {
        let Some(lane) = self.lanes.get_mut(&channel).filter(|lane| !lane.is_stopped) else {
            return;
        };
        lane.queued_bytes += size(cost);
        lane.queue.push_back(Queued {
            frame,
            cost,
            is_replaceable,
        });
        self.make_ready(channel);
    }

    /// The peer lets a channel send up to this many bytes since its beginning.
    pub fn grant(&mut self, channel: u16, limit: u64) {
        if let Some(lane) = self.lanes.get_mut(&channel) {
            // An older grant, come late, takes nothing back.
            lane.limit = lane.limit.max(limit);
            lane.has_asked = false;
            self.make_ready(channel);
        }
    }

    /// The peer reads no more of a channel: what waits is dropped, and so is everything to come.
    pub fn stop(&mut self, channel: u16) -> Option<Waker> {
        let lane = self.lanes.get_mut(&channel)?;
        lane.is_stopped = true;
        lane.queue.clear();
        lane.queued_bytes = 0;
        let sender = lane.sender.take();
        self.forget_if_over(channel);
        sender
    }

    /// Nothing more will be put into a channel; what waits still leaves.
    pub fn close(&mut self, channel: u16) {
        if let Some(lane) = self.lanes.get_mut(&channel) {
            lane.is_closed = true;
            self.forget_if_over(channel);
        }
    }

    /// Drops what waits in a channel, and the channel.
    pub fn discard(&mut self, channel: u16) {
        self.lanes.remove(&channel);
    }

    /// Takes what is to be sent next, and whom to tell that there is room.
    pub fn take_next(&mut self) -> Option<(Next<F>, Option<Waker>)> {
        if let Some(frame) = self.urgent.pop_front() {
            return Some((Next::Frame(frame), None));
        }
        while let Some(channel) = self.ready.pop_front() {
            let Some(lane) = self.lanes.get_mut(&channel) else {
                continue;
            };
            lane.is_ready = false;
            let Some(first) = lane.queue.front() else {
                continue;
            };
            let cost = first.cost;
            let sent = lane.sent.saturating_add(cost.unwrap_or_default());
            if cost.is_some() && sent > lane.limit {
                if std::mem::replace(&mut lane.has_asked, true) {
                    continue;
                }
                let bytes = cost.unwrap_or_default();
                return Some((Next::Need { channel, bytes }, None));
            }
            let Some(queued) = lane.queue.pop_front() else {
                continue;
            };
            lane.sent = sent;
            lane.queued_bytes -= size(cost);
            let sender = if cost.is_some() { lane.sender.take() } else { None };
            self.make_ready(channel);
            self.forget_if_over(channel);
            return Some((Next::Frame(queued.frame), sender));
        }
        None
    }

    /// Whether nothing waits, with or without credit.
    pub fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.lanes.values().all(|lane| lane.queue.is_empty())
    }

    /// Bytes that wait in a channel.
    pub fn queued_bytes_of(&self, channel: u16) -> usize {
        self.lanes.get(&channel).map_or(0, |lane| lane.queued_bytes)
    }

    /// Bytes that wait in all channels.
    pub fn queued_bytes(&self) -> usize {
        self.lanes.values().map(|lane| lane.queued_bytes).sum()
    }

    /// Drops everything, and says whom to wake.
    pub fn clear(&mut self) -> Vec<Waker> {
        self.urgent.clear();
        self.ready.clear();
        let lanes = std::mem::take(&mut self.lanes);
        lanes.into_values().filter_map(|lane| lane.sender).collect()
    }

    fn make_ready(&mut self, channel: u16) {
        if let Some(lane) = self.lanes.get_mut(&channel)
            && !lane.queue.is_empty()
            && !std::mem::replace(&mut lane.is_ready, true)
        {
            self.ready.push_back(channel);
        }
    }

    fn forget_if_over(&mut self, channel: u16) {
        let is_over = |lane: &Lane<F>| lane.is_closed && lane.queue.is_empty();
        if self.lanes.get(&channel).is_some_and(is_over) {
            self.lanes.remove(&channel);
        }
    }
}

fn size(cost: Option<u64>) -> usize {
    cost.map_or(0, |cost| usize::try_from(cost).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn drain(outbox: &mut Outbox<&'static str>) -> Vec<String> {
        std::iter::from_fn(|| outbox.take_next())
            .map(|(next, _)| match next {
                Next::Frame(frame) => frame.to_owned(),
                Next::Need { channel, bytes } => format!("{channel} needs {bytes}"),
            })
            .collect()
    }

    #[test]
    fn a_channel_without_credit_holds_up_no_other() {
        let mut outbox = Outbox::default();
        outbox.open(1, 100);
        outbox.open(2, 100);
        outbox.grant(2, 50);
        outbox.push(1, "a", Some(10), false);
        outbox.push(1, "barrier a", None, false);
        outbox.push(2, "b", Some(10), false);
        outbox.push(2, "barrier b", None, false);
        outbox.push_urgent("credit");
        assert_eq!(drain(&mut outbox), ["credit", "1 needs 10", "b", "barrier b"]);
        assert!(drain(&mut outbox).is_empty(), "it asks once");
        outbox.grant(1, 9);
        assert_eq!(drain(&mut outbox), ["1 needs 10"]);
        outbox.grant(1, 10);
        outbox.grant(1, 9);
        assert_eq!(drain(&mut outbox), ["a", "barrier a"]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn channels_take_turns() {
        let mut outbox = Outbox::default();
        for channel in [1, 2] {
            outbox.open(channel, 100);
            outbox.grant(channel, 100);
        }
        for frame in ["a1", "a2", "a3"] {
            outbox.push(1, frame, Some(1), false);
        }
        outbox.push(2, "b1", Some(1), false);
        assert_eq!(drain(&mut outbox), ["a1", "b1", "a2", "a3"]);
    }

    #[test]
    fn a_full_queue_admits_nothing_until_a_frame_has_left() {
        let mut outbox = Outbox::default();
        outbox.open(1, 10);
        assert!(outbox.admits(1, None));
        outbox.push(1, "large", Some(1_000), false);
        assert!(!outbox.admits(1, Some(Waker::noop())));
        outbox.grant(1, 1_000);
        let (next, sender) = outbox.take_next().unwrap();
        assert_eq!(next, Next::Frame("large"));
        assert!(sender.is_some());
        assert!(outbox.admits(1, None));
    }

    #[test]
    fn a_stopped_channel_takes_everything_and_keeps_nothing() {
        let mut outbox = Outbox::default();
        outbox.open(1, 10);
        outbox.push(1, "a", Some(20), false);
        assert!(!outbox.admits(1, Some(Waker::noop())));
        assert!(outbox.stop(1).is_some());
        assert!(outbox.admits(1, None));
        outbox.push(1, "b", Some(20), false);
        assert!(drain(&mut outbox).is_empty());
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_closed_channel_still_sends_what_waits() {
        let mut outbox = Outbox::default();
        outbox.open(1, 10);
        outbox.push(1, "a", Some(1), false);
        outbox.push(1, "end", None, false);
        outbox.close(1);
        outbox.grant(1, 1);
        assert_eq!(drain(&mut outbox), ["a", "end"]);
        assert!(outbox.lanes.is_empty());
    }

    #[test]
    fn of_watermarks_that_wait_the_last_is_sent() {
        let mut outbox = Outbox::default();
        outbox.open(1, 10);
        outbox.push(1, "w1", None, true);
        assert!(outbox.is_last_replaceable(1));
        outbox.replace_last(1, "w2");
        outbox.push(1, "rows", Some(1), false);
        assert!(!outbox.is_last_replaceable(1));
        outbox.grant(1, 1);
        assert_eq!(drain(&mut outbox), ["w2", "rows"]);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Push(u16, Option<u64>),
        Grant(u16, u64),
        Send,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (0..4_u16, prop::option::of(1..50_u64)).prop_map(|(channel, cost)| Event::Push(channel, cost)),
            (0..4_u16, 0..400_u64).prop_map(|(channel, limit)| Event::Grant(channel, limit)),
            Just(Event::Send),
            Just(Event::Send),
        ]
    }

    proptest! {
        #[test]
        fn order_is_kept_and_credit_is_never_exceeded(events in prop::collection::vec(event(), 1..300)) {
            let mut outbox = Outbox::default();
            (0..4).for_each(|channel| outbox.open(channel, usize::MAX));
            let mut pushed: BTreeMap<u16, u64> = BTreeMap::new();
            let mut left: BTreeMap<u16, u64> = BTreeMap::new();
            let mut limits: BTreeMap<u16, u64> = BTreeMap::new();
            let mut sent: BTreeMap<u16, u64> = BTreeMap::new();
            let ends = (0..4).map(|channel| Event::Grant(channel, u64::MAX));
            for event in events.into_iter().chain(ends).chain(std::iter::repeat_n(Event::Send, 1_000)) {
                match event {
                    Event::Push(channel, cost) => {
                        let count = pushed.entry(channel).or_default();
                        outbox.push(channel, (channel, *count, cost), cost, false);
                        *count += 1;
                    }
                    Event::Grant(channel, limit) => {
                        outbox.grant(channel, limit);
                        let known = limits.entry(channel).or_default();
                        *known = limit.max(*known);
                    }
                    Event::Send => {
                        if let Some((Next::Frame((channel, count, cost)), _)) = outbox.take_next() {
                            let next = left.entry(channel).or_default();
                            prop_assert_eq!(count, *next);
                            *next += 1;
                            let bytes = sent.entry(channel).or_default();
                            *bytes += cost.unwrap_or_default();
                            if cost.is_some() {
                                prop_assert!(*bytes <= limits.get(&channel).copied().unwrap_or_default());
                            }
                        }
                    }
                }
            }
            prop_assert_eq!(left, pushed);
            prop_assert!(outbox.is_empty());
        }
    }
}
