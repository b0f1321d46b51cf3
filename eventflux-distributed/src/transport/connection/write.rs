//! The writer of a connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::shared::{Shared, lock};
use crate::transport::credit::Next;
use crate::transport::error::TransportError;
use crate::transport::frame::{Frame, FrameType, HEADER_BYTES, encode_text};
use crate::transport::transport::FrameSink;

/// Frames and bytes that are handed to the wire at once.
const FRAMES_MAX: usize = 128;
const BYTES_MAX: u64 = 1 << 20;

/// Between two times of writing there is as much as this, unless something is urgent or much waits: each time wakes both ends, which
/// costs as much as hundreds of rows.
const PACE: Duration = Duration::from_millis(1);

/// The last word may take this long, microseconds.
const GOODBYE_US: i64 = 1_000_000;

/// Writes until the connection is over.
pub(super) async fn write(shared: Arc<Shared>, mut sink: Box<dyn FrameSink>) {
    let failed = shared.failed();
    tokio::pin!(failed);
    loop {
        // What is put in from here on is told, or gathered.
        shared.is_pacing.store(false, Ordering::SeqCst);
        let frames = gather(&shared);
        if frames.is_empty() {
            if shared.is_closing() && lock(&shared.outbox).is_empty() {
                return finish(&shared, sink).await;
            }
            tokio::select! {
                biased;
                error = &mut failed => return say_goodbye(&shared, sink, &error).await,
                () = shared.written.notified() => continue,
            }
        }
        // What the peer hears, it hears after this.
        let now_us = shared.clock.now_us();
        shared.is_pacing.store(true, Ordering::SeqCst);
        let next = Instant::now() + PACE;
        let sent = tokio::select! {
            biased;
            sent = sink.send(frames) => sent,
            error = &mut failed => return say_goodbye(&shared, sink, &error).await,
        };
        match sent {
            Ok(()) => lock(&shared.liveness).sent(now_us),
            Err(error) => {
                shared.fail(error.said_of(&shared.peer));
                return;
            }
        }
        if !shared.is_closing() {
            tokio::select! {
                biased;
                error = &mut failed => return say_goodbye(&shared, sink, &error).await,
                () = shared.written.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }
}

/// Says that this end is done, and waits until the peer has heard it: whoever hangs up at once may take back what the peer has not yet
/// read.
async fn finish(shared: &Shared, mut sink: Box<dyn FrameSink>) {
    let goodbye = Frame::new(
        shared.header(FrameType::Goodbye, 0),
        encode_text("the peer is done"),
    );
    let last = async {
        sink.send(vec![goodbye]).await?;
        sink.close().await
    };
    tokio::select! {
        biased;
        _ = shared.failed() => return,
        sent = last => if let Err(error) = sent {
            return shared.fail(error.said_of(&shared.peer));
        },
    }
    // The reader sees the peer hang up, or hears nothing for too long.
    shared.failed().await;
}

/// What is to be sent now.
fn gather(shared: &Shared) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut senders = Vec::new();
    let mut bytes = 0;
    {
        let mut outbox = lock(&shared.outbox);
        while frames.len() < FRAMES_MAX && bytes < BYTES_MAX {
            let Some((next, sender)) = outbox.take_next() else {
                break;
            };
            senders.extend(sender);
            let frame = match next {
                Next::Frame(frame) => frame,
                Next::Need { channel, bytes } => {
                    let header = shared.header(FrameType::Need, channel);
                    Frame::new(header, bytes.to_le_bytes().to_vec())
                }
            };
            bytes += u64::from(frame.header.body_bytes) + HEADER_BYTES as u64;
            frames.push(frame);
        }
    }
    shared.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    senders.into_iter().for_each(std::task::Waker::wake);
    frames
}

/// Tells the peer why; it may be gone, so that nobody waits for long.
async fn say_goodbye(shared: &Shared, mut sink: Box<dyn FrameSink>, error: &TransportError) {
    let reason = match error {
        TransportError::Closed { reason, .. } => reason.clone(),
        error => error.to_string(),
    };
    let goodbye = Frame::new(shared.header(FrameType::Goodbye, 0), encode_text(&reason));
    let last = async {
        // The connection is over in any case.
        if sink.send(vec![goodbye]).await.is_ok() {
            let _ = sink.close().await;
        }
    };
    let late = shared
        .clock
        .reached(shared.clock.now_us().saturating_add(GOODBYE_US));
    tokio::select! {
        () = last => {}
        () = late => {}
    }
}
