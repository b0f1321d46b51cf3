//! What all parts of a connection share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use eventflux_core::time::Clock;
use tokio::sync::{Notify, mpsc, watch};

use super::inbox::Inbox;
use super::receiver::ChannelReceiver;
use super::sender::Lane;
use crate::transport::config::ConnectionConfig;
use crate::transport::credit::{Liveness, Outbox};
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::{Frame, FrameType, Header};

/// The state of a connection.
pub(super) struct Shared {
    pub(super) peer: String,
    pub(super) generation: u64,
    pub(super) is_in_process: bool,
    pub(super) config: ConnectionConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) outbox: Mutex<Outbox<Frame>>,
    /// There may be something to write.
    pub(super) written: Notify,
    /// The writer looks by itself before long.
    pub(super) is_pacing: AtomicBool,
    pub(super) inboxes: Mutex<HashMap<u16, Arc<Inbox>>>,
    pub(super) liveness: Mutex<Liveness>,
    pub(super) deadlines: Mutex<Deadlines>,
    /// The first deadline is another.
    pub(super) due: Notify,
    pub(super) arrived: mpsc::UnboundedSender<ChannelReceiver>,
    pub(super) is_closing: AtomicBool,
    pub(super) bytes_sent: AtomicU64,
    pub(super) bytes_received: AtomicU64,
    failure: watch::Sender<Option<TransportError>>,
}

/// Channels in which small batches wait.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    pub(super) lanes: BTreeMap<u16, Weak<Mutex<Lane>>>,
    pub(super) due: BTreeSet<(i64, u16)>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("peer", &self.peer)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// A panic while a lock was held cannot leave what it guards half changed in a way that matters: the pipeline recovers anyway.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        peer: String,
        generation: u64,
        is_in_process: bool,
        config: ConnectionConfig,
        clock: Arc<dyn Clock>,
        arrived: mpsc::UnboundedSender<ChannelReceiver>,
    ) -> Self {
        let liveness = Liveness::new(clock.now_us(), config.heartbeat_interval, config.silence_max);
        Self {
            peer,
            generation,
            is_in_process,
            config,
            clock,
            outbox: Mutex::default(),
            written: Notify::new(),
            is_pacing: AtomicBool::new(false),
            inboxes: Mutex::default(),
            liveness: Mutex::new(liveness),
            deadlines: Mutex::default(),
            due: Notify::new(),
            arrived,
            is_closing: AtomicBool::new(false),
            bytes_sent: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            failure: watch::Sender::new(None),
        }
    }

    /// A header of this connection.
    pub(super) fn header(&self, frame_type: FrameType, channel: u16) -> Header {
        Header {
            channel,
            // By design: its low 32 bits.
            generation: self.generation as u32,
            ..Header::new(frame_type)
        }
    }

    /// Sends a frame that belongs to no order.
    pub(super) fn send_urgent(&self, frame_type: FrameType, channel: u16, body: Vec<u8>) {
        let frame = Frame::new(self.header(frame_type, channel), body);
        lock(&self.outbox).push_urgent(frame);
        self.written.notify_one();
    }

    /// Tells the sender of a channel how far it may go.
    pub(super) fn send_credit(&self, channel: u16, limit: u64) {
        self.send_urgent(FrameType::Credit, channel, limit.to_le_bytes().to_vec());
    }

    /// The connection is over; the first reason counts. Everybody who waits is woken.
    pub(super) fn fail(&self, error: TransportError) {
        let is_first = self.failure.send_if_modified(|failure| {
            let is_first = failure.is_none();
            failure.get_or_insert(error);
            is_first
        });
        if !is_first {
            return;
        }
        let senders = lock(&self.outbox).clear();
        senders.into_iter().for_each(std::task::Waker::wake);
        let inboxes: Vec<Arc<Inbox>> = lock(&self.inboxes).values().cloned().collect();
        inboxes.iter().for_each(|inbox| inbox.wake());
        self.written.notify_one();
        self.due.notify_one();
    }

    /// Why the connection is over.
    pub(super) fn failure(&self) -> Option<TransportError> {
        self.failure.borrow().clone()
    }

    /// **Errors** The connection is over.
    pub(super) fn check(&self) -> Result<()> {
        self.failure.borrow().clone().map_or(Ok(()), Err)
    }

    /// Waits until the connection is over.
    pub(super) async fn failed(&self) -> TransportError {
        let mut failure = self.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await;
        match failed.as_deref() {
            Ok(Some(error)) => error.clone(),
            // Its sender is `self`, which is alive, and it waited for `Some`.
            _ => self.closed("no reason is known"),
        }
    }

    pub(super) fn closed(&self, reason: impl Into<String>) -> TransportError {
        TransportError::Closed {
            peer: self.peer.clone(),
            reason: reason.into(),
        }
    }

    pub(super) fn protocol(&self, message: impl Into<String>) -> TransportError {
        TransportError::protocol(&self.peer, message)
    }

    pub(super) fn inbox(&self, channel: u16) -> Option<Arc<Inbox>> {
        lock(&self.inboxes).get(&channel).cloned()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }
}
