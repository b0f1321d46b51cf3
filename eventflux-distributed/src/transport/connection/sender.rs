//! The sending end of a channel.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use eventflux_core::batch::EventBatch;
use eventflux_core::element::StreamElement;
use eventflux_core::runtime::{EdgeId, RemoteSender};

use super::shared::{Shared, lock};
use crate::transport::config::Coalesce;
use crate::transport::credit::Coalescer;
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::{BODY_BYTES_MAX, Body, Frame, FrameType, Header, encode_barrier, encode_text};
use crate::transport::rows::{RowEncoder, batch_bytes};

/// Sends the elements of one channel.
///
/// ```text
/// open ──elements──► open ──EndOfInput──► ended ──dropped──► what waits still leaves
///   └──dropped──► aborted: the receiver fails
/// ```
#[derive(Debug)]
pub struct ChannelSender {
    shared: Arc<Shared>,
    lane: Arc<Mutex<Lane>>,
    channel: u16,
}

/// What the sender and the timer share, which sends what has waited long enough.
#[derive(Debug)]
pub(super) struct Lane {
    id: EdgeId,
    channel: u16,
    coalescer: Option<Coalescer>,
    encoder: RowEncoder,
    next_seq: u32,
    epoch: u32,
    has_ended: bool,
    failure: Option<TransportError>,
}

impl ChannelSender {
    pub(super) fn new(shared: Arc<Shared>, channel: u16, id: EdgeId, coalesce: Option<Coalesce>) -> Self {
        let encoder = RowEncoder::new(shared.config.compression);
        let lane = Arc::new(Mutex::new(Lane {
            id,
            channel,
            coalescer: coalesce.map(Coalescer::new),
            encoder,
            next_seq: 0,
            epoch: 0,
            has_ended: false,
            failure: None,
        }));
        lock(&shared.deadlines)
            .lanes
            .insert(channel, Arc::downgrade(&lane));
        Self {
            shared,
            lane,
            channel,
        }
    }

    /// Takes an element; gives rows back if there is no room for them.
    ///
    /// **Errors** The connection is over, or the rows cannot be sent; the channel has then failed.
    pub fn try_send(&mut self, element: StreamElement) -> Result<Option<StreamElement>> {
        self.shared.check()?;
        let StreamElement::Batch(batch) = element else {
            lock(&self.lane).control(&self.shared, &element)?;
            return Ok(None);
        };
        if !lock(&self.shared.outbox).admits(self.channel, None) {
            return Ok(Some(StreamElement::Batch(batch)));
        }
        lock(&self.lane).batch(&self.shared, batch)?;
        Ok(None)
    }

    /// Waits until there is room for rows, or the connection is over.
    pub fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let admits = lock(&self.shared.outbox).admits(self.channel, Some(context.waker()));
        if admits || self.shared.failure().is_some() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Sends an element; waits for room if it must.
    ///
    /// **Errors** See [`Self::try_send`].
    pub async fn send(&mut self, element: StreamElement) -> Result<()> {
        let mut element = element;
        while let Some(refused) = self.try_send(element)? {
            element = refused;
            std::future::poll_fn(|context| self.poll_room(context)).await;
        }
        Ok(())
    }

    /// Sends what waits to be put together with more.
    ///
    /// **Errors** See [`Self::try_send`].
    pub fn flush(&mut self) -> Result<()> {
        lock(&self.lane).flush(&self.shared)
    }
}

impl Drop for ChannelSender {
    fn drop(&mut self) {
        lock(&self.shared.deadlines).lanes.remove(&self.channel);
        let mut lane = lock(&self.lane);
        if lane.has_ended {
            lock(&self.shared.outbox).close(self.channel);
        } else {
            lane.abort(&self.shared, "its sender is gone");
        }
    }
}

impl RemoteSender for ChannelSender {
    fn try_send(&mut self, batch: EventBatch) -> eventflux_core::Result<Option<EventBatch>> {
        match self.try_send(StreamElement::Batch(batch))? {
            Some(StreamElement::Batch(batch)) => Ok(Some(batch)),
            _ => Ok(None),
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_room(context)
    }

    fn send_control(&mut self, element: StreamElement) -> eventflux_core::Result<()> {
        self.try_send(element)?;
        Ok(())
    }
}

impl Lane {
    /// Sends what has waited until its time.
    pub(super) fn flush_due(&mut self, shared: &Shared, now_us: i64) {
        let due_us = self.coalescer.as_ref().and_then(Coalescer::due_us);
        if due_us.is_some_and(|due_us| due_us <= now_us) {
            // The error is the next one's who sends.
            let _ = self.flush(shared);
        } else if let Some(due_us) = due_us {
            // What was due has left meanwhile, and something newer waits.
            lock(&shared.deadlines).due.insert((due_us, self.channel));
        }
    }

    fn batch(&mut self, shared: &Shared, batch: EventBatch) -> Result<()> {
        self.check()?;
        let Some(coalescer) = &mut self.coalescer else {
            return self.rows(shared, batch);
        };
        let bytes = batch_bytes(&batch);
        let had_waited = coalescer.due_us().is_some();
        let pieces = coalescer.add(shared.clock.now_us(), batch, bytes);
        if let Some(pieces) = pieces {
            return self.pieces(shared, &pieces);
        }
        if let (Some(due_us), false) = (coalescer.due_us(), had_waited) {
            lock(&shared.deadlines).due.insert((due_us, self.channel));
            shared.due.notify_one();
        }
        Ok(())
    }

    fn flush(&mut self, shared: &Shared) -> Result<()> {
        self.check()?;
        let Some(coalescer) = &mut self.coalescer else {
            return Ok(());
        };
        let pieces = coalescer.take();
        self.pieces(shared, &pieces)
    }

    fn pieces(&mut self, shared: &Shared, pieces: &[EventBatch]) -> Result<()> {
        match pieces {
            [] => Ok(()),
            [piece] => self.rows(shared, piece.clone()),
            pieces => match EventBatch::concat(pieces) {
                Ok(batch) => self.rows(shared, batch),
                Err(error) => Err(self.fail(shared, error.to_string())),
            },
        }
    }

    /// Cuts rows into frames.
    fn rows(&mut self, shared: &Shared, batch: EventBatch) -> Result<()> {
        let row_count = batch.num_rows();
        if row_count == 0 {
            return Ok(());
        }
        let bytes_per_row = batch_bytes(&batch).div_ceil(row_count).max(1);
        let rows_max = (shared.config.frame_bytes / bytes_per_row).max(1);
        // A last piece that is small goes with the one before.
        if row_count <= rows_max + rows_max / 2 {
            return self.frame(shared, batch);
        }
        let mut offset = 0;
        while offset < row_count {
            let rest = row_count - offset;
            let length = if rest <= rows_max + rows_max / 2 {
                rest
            } else {
                rows_max
            };
            self.frame(shared, batch.slice(offset, length))?;
            offset += length;
        }
        Ok(())
    }

    /// Sends rows as one frame, or as several if they turn out to be too large for one.
    fn frame(&mut self, shared: &Shared, batch: EventBatch) -> Result<()> {
        let row_count = batch.num_rows();
        let (header, body, bytes) = if shared.is_in_process {
            let bytes = batch_bytes(&batch);
            (
                shared.header(FrameType::Rows, self.channel),
                Body::Batch(batch.clone()),
                bytes,
            )
        } else {
            self.schema(shared, &batch)?;
            let encoded = self
                .encoder
                .rows(&batch)
                .map_err(|message| self.fail(shared, message))?;
            let body_bytes = encoded.body.iter().map(|piece| piece.len()).sum::<usize>();
            let header = Header {
                codec: encoded.codec,
                flags: encoded.flags,
                // Never larger than the raw bytes, which are compared with the largest below.
                body_bytes: u32::try_from(body_bytes).unwrap_or(u32::MAX),
                ..shared.header(FrameType::Rows, self.channel)
            };
            (header, Body::Bytes(encoded.body), encoded.raw_bytes)
        };
        match u32::try_from(bytes).ok().filter(|bytes| *bytes <= BODY_BYTES_MAX) {
            Some(raw_bytes) => {
                self.push(shared, Header { raw_bytes, ..header }, body);
                Ok(())
            }
            None if row_count > 1 => {
                let half = row_count / 2;
                self.frame(shared, batch.slice(0, half))?;
                self.frame(shared, batch.slice(half, row_count - half))
            }
            None => {
                let error = TransportError::TooLarge {
                    peer: shared.peer.clone(),
                    channel: self.id.to_string(),
                    bytes,
                    bytes_max: BODY_BYTES_MAX as usize,
                };
                self.abort(shared, &error.to_string());
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn schema(&mut self, shared: &Shared, batch: &EventBatch) -> Result<()> {
        let message = self.encoder.schema(batch.rows().schema_ref());
        let message = message.map_err(|message| self.fail(shared, message))?;
        let Some(message) = message else {
            return Ok(());
        };
        let bytes_max = FrameType::Schema.body_bytes_max() as usize;
        if message.len() > bytes_max {
            let message = format!(
                "their description has {} bytes; {bytes_max} are allowed",
                message.len()
            );
            return Err(self.fail(shared, message));
        }
        let frame = Frame::new(shared.header(FrameType::Schema, self.channel), message);
        self.push(shared, frame.header, frame.body);
        Ok(())
    }

    fn control(&mut self, shared: &Shared, element: &StreamElement) -> Result<()> {
        self.check()?;
        let is_watermark = matches!(element, StreamElement::Watermark(_));
        self.flush(shared)?;
        let (kind, body) = match element {
            StreamElement::Watermark(watermark) => (FrameType::Watermark, watermark.to_le_bytes().to_vec()),
            StreamElement::Barrier(barrier) => {
                // By design: its low 32 bits.
                self.epoch = barrier.epoch as u32;
                (FrameType::Barrier, encode_barrier(*barrier))
            }
            StreamElement::Idle => (FrameType::Idle, Vec::new()),
            StreamElement::EndOfInput => (FrameType::EndOfInput, Vec::new()),
            StreamElement::Batch(batch) => return self.rows(shared, batch.clone()),
        };
        self.has_ended = kind == FrameType::EndOfInput;
        let frame = Frame::new(shared.header(kind, self.channel), body);
        if is_watermark {
            let mut outbox = lock(&shared.outbox);
            if outbox.is_last_replaceable(self.channel) {
                let header = Header {
                    epoch: self.epoch,
                    seq: self.next_seq.wrapping_sub(1),
                    ..frame.header
                };
                outbox.replace_last(self.channel, Frame { header, ..frame });
                return Ok(());
            }
        }
        self.push(shared, frame.header, frame.body);
        Ok(())
    }

    fn push(&mut self, shared: &Shared, header: Header, body: Body) {
        let header = Header {
            epoch: self.epoch,
            seq: self.next_seq,
            ..header
        };
        self.next_seq = self.next_seq.wrapping_add(1);
        let kind = header.frame_type;
        let cost = kind.needs_credit().then(|| header.cost());
        let frame = Frame { header, body };
        let is_much = {
            let mut outbox = lock(&shared.outbox);
            outbox.push(self.channel, frame, cost, kind == FrameType::Watermark);
            outbox.queued_bytes_of(self.channel) >= shared.config.queue_bytes_max / 2
        };
        let is_urgent =
            is_much || !matches!(kind, FrameType::Rows | FrameType::Watermark | FrameType::Schema);
        if is_urgent || !shared.is_pacing.load(Ordering::SeqCst) {
            shared.written.notify_one();
        }
    }

    fn check(&self) -> Result<()> {
        if self.has_ended {
            return Err(TransportError::NoRoute {
                channel: self.id.to_string(),
                message: "its input has ended".to_owned(),
            });
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn fail(&mut self, shared: &Shared, message: String) -> TransportError {
        let error = TransportError::Columns {
            peer: shared.peer.clone(),
            channel: self.id.to_string(),
            message,
        };
        self.abort(shared, &error.to_string());
        self.failure = Some(error.clone());
        error
    }

    /// The receiver is told that nothing more comes, though the input has not ended.
    fn abort(&mut self, shared: &Shared, reason: &str) {
        if self.failure.is_some() {
            return;
        }
        lock(&shared.outbox).discard(self.channel);
        shared.send_urgent(FrameType::Abort, self.channel, encode_text(reason));
    }
}
