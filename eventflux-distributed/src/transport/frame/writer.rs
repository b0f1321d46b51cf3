//! Frames into a sequence of bytes.

use std::fmt;
use std::io::{self, IoSlice};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Body, Frame, HEADER_BYTES};
use crate::transport::error::{Result, TransportError};
use crate::transport::transport::FrameSink;

/// Writes frames, as many with one call as the system takes. Their bodies are not copied.
#[derive(Debug)]
pub struct FrameWriter<W> {
    peer: String,
    writer: W,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Writes what a peer is to read.
    pub fn new(peer: impl Into<String>, writer: W) -> Self {
        Self {
            peer: peer.into(),
            writer,
        }
    }

    /// Writes frames, and flushes.
    ///
    /// **Errors** The connection is broken; a batch is not encoded.
    pub async fn send(&mut self, frames: Vec<Frame>) -> Result<()> {
        let headers = headers(&frames).map_err(|message| TransportError::protocol(&self.peer, message))?;
        let written = async {
            write_all(&mut self.writer, &headers, &frames).await?;
            self.writer.flush().await
        };
        written
            .await
            .map_err(|error| TransportError::broken(&self.peer, "writing", error))
    }

    /// Nothing more comes.
    ///
    /// **Errors** The connection is broken.
    pub async fn close(&mut self) -> Result<()> {
        self.writer
            .shutdown()
            .await
            .map_err(|error| TransportError::broken(&self.peer, "closing", error))
    }
}

#[async_trait]
impl<W: AsyncWrite + Unpin + Send + fmt::Debug> FrameSink for FrameWriter<W> {
    async fn send(&mut self, frames: Vec<Frame>) -> Result<()> {
        FrameWriter::send(self, frames).await
    }

    async fn close(&mut self) -> Result<()> {
        FrameWriter::close(self).await
    }
}

/// Headers and bodies, one behind the other.
pub(crate) fn encode(frames: Vec<Frame>) -> Result<Vec<Bytes>, String> {
    let headers = headers(&frames)?;
    let mut pieces = Vec::with_capacity(frames.len() * 2);
    for (header, frame) in headers.iter().zip(frames) {
        pieces.push(Bytes::copy_from_slice(header));
        if let Body::Bytes(body) = frame.body {
            pieces.extend(body.into_iter().filter(|piece| !piece.is_empty()));
        }
    }
    Ok(pieces)
}

/// The headers of frames, with their checksums.
fn headers(frames: &[Frame]) -> Result<Vec<[u8; HEADER_BYTES]>, String> {
    let header = |frame: &Frame| match &frame.body {
        Body::Bytes(body) => Ok(frame.header.encode(body.iter().map(|piece| &piece[..]))),
        Body::Batch(_) => Err("rows that are not encoded are to go over a wire".to_owned()),
    };
    frames.iter().map(header).collect()
}

async fn write_all<W: AsyncWrite + Unpin>(
    writer: &mut W,
    headers: &[[u8; HEADER_BYTES]],
    frames: &[Frame],
) -> io::Result<()> {
    let mut slices = Vec::with_capacity(frames.len() * 2);
    for (header, frame) in headers.iter().zip(frames) {
        slices.push(IoSlice::new(header));
        if let Body::Bytes(body) = &frame.body {
            let pieces = body.iter().filter(|piece| !piece.is_empty());
            slices.extend(pieces.map(|piece| IoSlice::new(piece)));
        }
    }
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        let written = writer.write_vectored(rest).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}
