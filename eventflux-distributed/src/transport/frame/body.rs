//! A frame.

use bytes::Bytes;
use eventflux_core::batch::EventBatch;

use super::Header;

/// What follows a header.
#[derive(Debug, Clone)]
pub enum Body {
    /// Pieces that follow each other. A frame that came over a wire has one.
    Bytes(Vec<Bytes>),
    /// Rows that stay in this process: they are moved, not encoded.
    Batch(EventBatch),
}

/// A header and what follows it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What it is. Its lengths are those of the body.
    pub header: Header,
    /// What follows.
    pub body: Body,
}

impl Frame {
    /// A frame with bytes that are not compressed.
    pub fn new(header: Header, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self {
            header: Header {
                body_bytes: length,
                raw_bytes: length,
                ..header
            },
            body: Body::Bytes(vec![bytes]),
        }
    }

    /// Its bytes, if it has any and they are in one piece.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(pieces) => pieces.first().map_or(&[], |piece| piece),
            Body::Batch(_) => &[],
        }
    }
}
