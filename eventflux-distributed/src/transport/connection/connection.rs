//! A connection, as its owner sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use eventflux_core::runtime::EdgeId;
use eventflux_core::time::Clock;
use tokio::sync::{Mutex, mpsc};

use super::receiver::ChannelReceiver;
use super::sender::ChannelSender;
use super::shared::{Shared, lock};
use super::{read, timer, write};
use crate::transport::config::{Coalesce, ConnectionConfig};
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::{Frame, FrameType, encode_open};
use crate::transport::peer::Hello;
use crate::transport::transport::Link;

/// Channels that one end may open: their numbers are not used again.
const CHANNELS_MAX: u32 = 1 << 16;

/// A connection to a peer, for one pipeline in one generation. Both ends may open channels. Dropped, it is over, and so are its
/// channels.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    hello: Hello,
    next_channel: AtomicU32,
    arriving: Mutex<mpsc::UnboundedReceiver<ChannelReceiver>>,
}

impl Connection {
    /// Starts on a link over which both have said who they are.
    pub(crate) fn start(link: Link, hello: Hello, config: ConnectionConfig, clock: Arc<dyn Clock>) -> Self {
        let (arrived, arriving) = mpsc::unbounded_channel();
        let peer = format!("{} ({})", hello.node, link.peer);
        let shared = Shared::new(peer, hello.generation, link.is_in_process, config, clock, arrived);
        let shared = Arc::new(shared);
        tokio::spawn(write::write(Arc::clone(&shared), link.sink));
        tokio::spawn(read::read(Arc::clone(&shared), link.stream));
        tokio::spawn(timer::keep_time(Arc::clone(&shared)));
        Self {
            shared,
            hello,
            next_channel: AtomicU32::new(0),
            arriving: Mutex::new(arriving),
        }
    }

    /// What the peer said of itself.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The peer's name and address.
    pub fn peer(&self) -> &str {
        &self.shared.peer
    }

    /// Opens a channel. With `coalesce`, small batches are put together; without, each is sent at once.
    ///
    /// **Errors** The connection is over, or has as many channels as it can.
    pub fn open(&self, id: EdgeId, coalesce: Option<Coalesce>) -> Result<ChannelSender> {
        self.shared.check()?;
        let number = self.next_channel.fetch_add(1, Ordering::Relaxed);
        let channel = u16::try_from(number).map_err(|_| {
            // It must not begin anew.
            self.next_channel.store(CHANNELS_MAX, Ordering::Relaxed);
            TransportError::TooManyChannels {
                peer: self.shared.peer.clone(),
                count: CHANNELS_MAX as usize,
            }
        })?;
        let body = encode_open(id).map_err(|message| TransportError::NoRoute {
            channel: id.to_string(),
            message,
        })?;
        let sender = ChannelSender::new(Arc::clone(&self.shared), channel, id, coalesce);
        let header = self.shared.header(FrameType::Open, channel);
        {
            let mut outbox = lock(&self.shared.outbox);
            outbox.open(channel, self.shared.config.queue_bytes_max);
            outbox.push_urgent(Frame::new(header, body));
        }
        self.shared.written.notify_one();
        Ok(sender)
    }

    /// Waits for the next channel that the peer opens; from then on its sender has credit.
    ///
    /// **Errors** The connection is over.
    pub async fn accept(&self) -> Result<ChannelReceiver> {
        let mut arriving = self.arriving.lock().await;
        let receiver = tokio::select! {
            biased;
            receiver = arriving.recv() => receiver.ok_or_else(|| self.shared.closed("no channel comes"))?,
            error = self.shared.failed() => return Err(error),
        };
        receiver.begin();
        Ok(receiver)
    }

    /// Waits until the connection is over, and says why.
    pub async fn over(&self) -> TransportError {
        self.shared.failed().await
    }

    /// Why the connection is over, if it is.
    pub fn failure(&self) -> Option<TransportError> {
        self.shared.failure()
    }

    /// Waits until all that waits has left, then closes. Channels that have not ended fail at the peer.
    pub async fn close(&self) {
        self.shared.is_closing.store(true, Ordering::Release);
        self.shared.written.notify_one();
        self.shared.failed().await;
    }

    /// Breaks the connection off: both ends fail with this reason.
    pub fn abort(&self, reason: &str) {
        self.shared.fail(self.shared.closed(reason));
    }

    /// Bytes that have left and come, headers included.
    pub fn bytes(&self) -> (u64, u64) {
        let read = |bytes: &std::sync::atomic::AtomicU64| bytes.load(Ordering::Relaxed);
        (read(&self.shared.bytes_sent), read(&self.shared.bytes_received))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.abort("its owner is gone");
    }
}
