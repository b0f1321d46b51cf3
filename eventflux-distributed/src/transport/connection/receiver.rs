//! The receiving end of a channel.

use std::future::poll_fn;
use std::sync::Arc;

use eventflux_core::element::StreamElement;
use eventflux_core::runtime::EdgeId;

use super::inbox::Inbox;
use super::shared::{Shared, lock};
use crate::transport::error::Result;
use crate::transport::frame::{Body, Frame, FrameType, decode_barrier, decode_u64};
use crate::transport::rows::RowDecoder;

/// Receives the elements of one channel. Dropped, it tells the sender that nothing more is read.
#[derive(Debug)]
pub struct ChannelReceiver {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    channel: u16,
    id: EdgeId,
    decoder: RowDecoder,
    has_ended: bool,
    /// What [`Self::taken`] was told, and what it did not need to be told: schemas.
    taken: u64,
}

/// An element, and what it counts until it is taken.
#[derive(Debug)]
pub struct Received {
    /// The element.
    pub element: StreamElement,
    /// Bytes of credit.
    pub bytes: u64,
}

impl ChannelReceiver {
    pub(super) fn new(shared: Arc<Shared>, inbox: Arc<Inbox>, channel: u16, id: EdgeId) -> Self {
        Self {
            shared,
            inbox,
            channel,
            id,
            decoder: RowDecoder::default(),
            has_ended: false,
            taken: 0,
        }
    }

    /// Which channel it is.
    pub fn id(&self) -> EdgeId {
        self.id
    }

    /// From now on the sender may send.
    pub(super) fn begin(&self) {
        if let Some(limit) = self.inbox.credit(|window| window.open()) {
            self.shared.send_credit(self.channel, limit);
        }
    }

    /// Waits for the next element; `None` behind the end of the input. Its bytes count until [`Self::taken`] is told of them.
    ///
    /// **Errors** The connection is over, the sender gave up, or something came that is no element.
    pub async fn receive(&mut self) -> Result<Option<Received>> {
        while !self.has_ended {
            let (inbox, shared) = (&self.inbox, &self.shared);
            let frame = poll_fn(|context| inbox.poll_next(context, || shared.failure())).await?;
            let cost = frame.header.cost();
            match self.decode(frame) {
                Ok(Some(element)) => {
                    let is_rows = matches!(element, StreamElement::Batch(_));
                    let bytes = if is_rows { cost } else { 0 };
                    return Ok(Some(Received { element, bytes }));
                }
                Ok(None) => self.taken(cost),
                Err(message) => {
                    let error = self.shared.protocol(format!("{}: {message}", self.id));
                    self.shared.fail(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Waits for the next element and takes it.
    ///
    /// **Errors** See [`Self::receive`].
    pub async fn next(&mut self) -> Result<Option<StreamElement>> {
        let Some(Received { element, bytes }) = self.receive().await? else {
            return Ok(None);
        };
        self.taken(bytes);
        Ok(Some(element))
    }

    /// Elements with this many bytes have left the receiver's memory, or found their last place there: the sender may send on.
    pub fn taken(&mut self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        self.taken = self.taken.saturating_add(bytes);
        let (now_us, taken) = (self.shared.clock.now_us(), self.taken);
        let limit = self.inbox.credit(|window| window.take(now_us, taken));
        if let Some(limit) = limit {
            self.shared.send_credit(self.channel, limit);
        }
    }

    /// Bytes that have come and were not taken.
    pub fn waiting_bytes(&self) -> u64 {
        self.inbox.credit(|window| window.waiting())
    }

    fn decode(&mut self, frame: Frame) -> Result<Option<StreamElement>, String> {
        let body = match frame.body {
            Body::Batch(batch) => return Ok(Some(StreamElement::Batch(batch))),
            Body::Bytes(ref body) => body.first().cloned().unwrap_or_default(),
        };
        let element = match frame.header.frame_type {
            FrameType::Schema => {
                self.decoder.schema(&body)?;
                return Ok(None);
            }
            FrameType::Rows => StreamElement::Batch(self.decoder.rows(&frame.header, &body)?),
            FrameType::Watermark => StreamElement::Watermark(decode_u64(&body)? as i64),
            FrameType::Barrier => StreamElement::Barrier(decode_barrier(&body)?),
            FrameType::Idle => StreamElement::Idle,
            FrameType::EndOfInput => {
                self.has_ended = true;
                StreamElement::EndOfInput
            }
            other => return Err(format!("a {other:?} among the elements of a channel")),
        };
        Ok(Some(element))
    }
}

impl Drop for ChannelReceiver {
    fn drop(&mut self) {
        if self.inbox.stop() {
            self.shared.send_urgent(FrameType::Stop, self.channel, Vec::new());
        } else {
            lock(&self.shared.inboxes).remove(&self.channel);
        }
    }
}
