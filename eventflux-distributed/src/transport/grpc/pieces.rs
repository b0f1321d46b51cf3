//! Frames into pieces, and pieces into frames.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::proto::Piece;
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::{Frame, encode};
use crate::transport::transport::FrameSink;

/// A piece has this many bytes at the most.
pub(super) const PIECE_BYTES_MAX: usize = 256 << 10;

/// Pieces that wait for HTTP/2.
pub(super) const PIECES_MAX: usize = 4;

/// Where pieces leave. `K` keeps the connection alive.
pub(super) struct PieceSink<K, M> {
    peer: String,
    pieces: Option<mpsc::Sender<M>>,
    wrap: fn(Piece) -> M,
    _connection: K,
}

impl<K, M> fmt::Debug for PieceSink<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PieceSink")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl<K, M> PieceSink<K, M> {
    pub(super) fn new(peer: &str, pieces: mpsc::Sender<M>, wrap: fn(Piece) -> M, connection: K) -> Self {
        Self {
            peer: peer.to_owned(),
            pieces: Some(pieces),
            wrap,
            _connection: connection,
        }
    }
}

#[async_trait]
impl<K: Send, M: Send> FrameSink for PieceSink<K, M> {
    async fn send(&mut self, frames: Vec<Frame>) -> Result<()> {
        let broken = || {
            let error = io::Error::from(io::ErrorKind::BrokenPipe);
            TransportError::broken(&self.peer, "writing", error)
        };
        let encoded = encode(frames).map_err(|message| TransportError::protocol(&self.peer, message))?;
        let pieces = self.pieces.as_ref().ok_or_else(broken)?;
        for piece in cut(encoded) {
            let piece = (self.wrap)(Piece { bytes: piece });
            pieces.send(piece).await.map_err(|_| broken())?;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        self.pieces = None;
        Ok(())
    }
}

/// Puts together what is small, cuts what is large.
fn cut(encoded: Vec<Bytes>) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut together = BytesMut::new();
    for mut bytes in encoded {
        while !bytes.is_empty() {
            if together.is_empty() && bytes.len() >= PIECE_BYTES_MAX {
                pieces.push(bytes.split_to(PIECE_BYTES_MAX));
                continue;
            }
            let room = PIECE_BYTES_MAX - together.len();
            together.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if together.len() == PIECE_BYTES_MAX {
                pieces.push(together.split().freeze());
            }
        }
    }
    if !together.is_empty() {
        pieces.push(together.freeze());
    }
    pieces
}

/// The bytes of the pieces that come.
#[derive(Debug)]
pub(super) struct PieceReader {
    pieces: Streaming<Piece>,
    piece: Bytes,
}

impl PieceReader {
    pub(super) fn new(pieces: Streaming<Piece>) -> Self {
        Self {
            pieces,
            piece: Bytes::new(),
        }
    }
}

impl AsyncRead for PieceReader {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.piece.is_empty() {
            match std::task::ready!(Pin::new(&mut this.pieces).poll_next(context)) {
                Some(Ok(piece)) => this.piece = piece.bytes,
                Some(Err(status)) => return Poll::Ready(Err(io::Error::other(words(&status)))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = this.piece.len().min(buffer.remaining());
        buffer.put_slice(&this.piece[..length]);
        this.piece.advance(length);
        Poll::Ready(Ok(()))
    }
}

/// A status in one line.
pub(super) fn words(status: &Status) -> String {
    format!("{}: {}", status.code(), status.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_neither_small_nor_large_and_lose_nothing() {
        let sizes = [1, 32, PIECE_BYTES_MAX, 3 * PIECE_BYTES_MAX + 5, 0, 7];
        let bytes = sizes.map(|size| Bytes::from((0..size).map(|byte| byte as u8).collect::<Vec<_>>()));
        let pieces = cut(bytes.to_vec());
        assert_eq!(pieces.concat(), bytes.concat());
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES_MAX));
        assert_eq!(pieces.len(), 5);
        assert!(cut(Vec::new()).is_empty());
    }
}
