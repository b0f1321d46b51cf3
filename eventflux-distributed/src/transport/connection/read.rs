//! The reader of a connection: hands on what comes, and never waits for a receiver.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::inbox::Inbox;
use super::receiver::ChannelReceiver;
use super::shared::{Shared, lock};
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::{
    BODY_BYTES_MAX, Frame, FrameType, HEADER_BYTES, Header, decode_open, decode_text, decode_u64,
};
use crate::transport::transport::{FrameStream, Inspect};

/// Reads until the connection is over.
pub(super) async fn read(shared: Arc<Shared>, mut stream: Box<dyn FrameStream>) {
    let mut inspector = Inspector {
        shared: Arc::clone(&shared),
    };
    let failed = shared.failed();
    tokio::pin!(failed);
    loop {
        let frame = tokio::select! {
            biased;
            _ = &mut failed => return,
            frame = stream.next(&mut inspector) => frame,
        };
        let handed_on = match frame {
            Ok(Some(frame)) => hand_on(&shared, frame),
            Ok(None) => Err(shared.closed("the peer hung up")),
            Err(error) => Err(error.said_of(&shared.peer)),
        };
        if let Err(error) = handed_on {
            shared.fail(error);
            return;
        }
    }
}

struct Inspector {
    shared: Arc<Shared>,
}

impl Inspect for Inspector {
    fn admit(&mut self, header: &Header) -> Result<(), String> {
        self.progress();
        let shared = &self.shared;
        let kind = header.frame_type;
        // By design: its low 32 bits.
        if header.generation != shared.generation as u32 {
            return Err(format!(
                "a {kind:?} of generation {}; this is generation {}",
                header.generation, shared.generation
            ));
        }
        shared.bytes_received.fetch_add(
            u64::from(header.body_bytes) + HEADER_BYTES as u64,
            Ordering::Relaxed,
        );
        if kind.needs_credit() {
            let inbox = shared.inbox(header.channel);
            let inbox = inbox
                .ok_or_else(|| format!("a {kind:?} of channel {}, which is not open", header.channel))?;
            return inbox.admit(header.cost());
        }
        Ok(())
    }

    fn progress(&mut self) {
        lock(&self.shared.liveness).received(self.shared.clock.now_us());
    }
}

fn hand_on(shared: &Arc<Shared>, frame: Frame) -> Result<()> {
    let Header {
        frame_type: kind,
        channel,
        ..
    } = frame.header;
    let wrong = |message: String| shared.protocol(message);
    if kind.is_in_order() {
        return match shared.inbox(channel) {
            Some(inbox) => inbox.put(frame, shared.generation).map_err(wrong),
            None => Err(wrong(format!(
                "a {kind:?} of channel {channel}, which is not open"
            ))),
        };
    }
    match kind {
        FrameType::Open => open(shared, channel, frame.bytes()),
        FrameType::Credit => {
            let limit = decode_u64(frame.bytes()).map_err(wrong)?;
            lock(&shared.outbox).grant(channel, limit);
            shared.written.notify_one();
            Ok(())
        }
        FrameType::Need => {
            let bytes = decode_u64(frame.bytes()).map_err(wrong)?;
            if bytes > u64::from(BODY_BYTES_MAX) + HEADER_BYTES as u64 {
                return Err(wrong(format!("a frame of {bytes} bytes to come")));
            }
            let inbox = shared.inbox(channel);
            if let Some(limit) = inbox.and_then(|inbox| inbox.credit(|window| window.need(bytes))) {
                shared.send_credit(channel, limit);
            }
            Ok(())
        }
        FrameType::Abort => {
            let reason = decode_text(frame.bytes()).map_err(wrong)?;
            if let Some(inbox) = shared.inbox(channel) {
                inbox.fail(TransportError::Aborted {
                    peer: shared.peer.clone(),
                    channel: format!("channel {channel}"),
                    reason,
                });
            }
            Ok(())
        }
        FrameType::Stop => {
            let sender = lock(&shared.outbox).stop(channel);
            sender.into_iter().for_each(std::task::Waker::wake);
            Ok(())
        }
        FrameType::Heartbeat => Ok(()),
        FrameType::Goodbye => Err(shared.closed(decode_text(frame.bytes()).map_err(wrong)?)),
        _ => Err(wrong(format!("a {kind:?} within a connection"))),
    }
}

fn open(shared: &Arc<Shared>, channel: u16, body: &[u8]) -> Result<()> {
    let id = decode_open(body).map_err(|message| shared.protocol(message))?;
    let inbox = Arc::new(Inbox::new(shared.config.credit, shared.clock.now_us()));
    match lock(&shared.inboxes).entry(channel) {
        Entry::Occupied(_) => {
            return Err(shared.protocol(format!("channel {channel} is opened twice")));
        }
        Entry::Vacant(place) => place.insert(Arc::clone(&inbox)),
    };
    let receiver = ChannelReceiver::new(Arc::clone(shared), inbox, channel, id);
    // Nobody takes channels any more: the receiver is dropped, which tells the sender.
    let _ = shared.arrived.send(receiver);
    Ok(())
}
