//! Frames out of a sequence of bytes.

use std::fmt;
use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::header::checksum;
use super::{Body, Frame, HEADER_BYTES, Header};
use crate::transport::error::{Result, TransportError};
use crate::transport::pool::Pool;
use crate::transport::transport::{FrameStream, Inspect};

/// Bytes that are read ahead where frames are small: many come with one call.
const AHEAD_BYTES: usize = 128 << 10;

/// Bodies that are as long are read into their place, and then so little is read ahead that copying it costs nothing.
const LARGE_BYTES: usize = 16 << 10;
const AHEAD_OF_LARGE_BYTES: usize = 2 << 10;

/// Reads frame by frame.
pub struct FrameReader<R> {
    peer: String,
    reader: R,
    /// What was read ahead, of which `ahead[start..end]` was not taken.
    ahead: Box<[u8]>,
    start: usize,
    end: usize,
    /// How much of it is used; follows the frames.
    ahead_bytes: usize,
    /// For large bodies.
    pool: Pool,
}

impl<R> fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads what a peer sends.
    pub fn new(peer: impl Into<String>, reader: R) -> Self {
        Self {
            peer: peer.into(),
            reader,
            ahead: vec![0; AHEAD_BYTES].into(),
            start: 0,
            end: 0,
            ahead_bytes: AHEAD_BYTES,
            pool: Pool::default(),
        }
    }

    /// The next frame; `None` where the bytes end between two frames. `inspect` sees the header before anything is allocated for the
    /// body.
    ///
    /// **Errors** The bytes end within a frame, are none, are damaged, or are not admitted.
    pub async fn next(&mut self, inspect: &mut dyn Inspect) -> Result<Option<Frame>> {
        let Some(bytes) = self.header().await? else {
            return Ok(None);
        };
        let (header, crc) = Header::decode(&bytes).map_err(|message| self.wrong(message))?;
        inspect.admit(&header).map_err(|message| self.wrong(message))?;
        let body = self.body(header.body_bytes as usize, inspect).await?;
        // A fuzzer would never get past the checksum.
        if cfg!(not(fuzzing)) && checksum(&bytes, [&body[..]]) != crc {
            return Err(self.wrong(format!("a damaged {:?}", header.frame_type)));
        }
        let body = Body::Bytes(vec![body]);
        Ok(Some(Frame { header, body }))
    }

    async fn header(&mut self) -> Result<Option<[u8; HEADER_BYTES]>> {
        loop {
            if let Some(bytes) = self.ahead[self.start..self.end].first_chunk::<HEADER_BYTES>() {
                self.start += HEADER_BYTES;
                return Ok(Some(*bytes));
            }
            self.ahead.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let read = self
                .reader
                .read(&mut self.ahead[self.end..self.ahead_bytes])
                .await;
            match read.map_err(|error| self.broken(error))? {
                0 if self.end == 0 => return Ok(None),
                0 => return Err(self.broken(io::ErrorKind::UnexpectedEof.into())),
                read => self.end += read,
            }
        }
    }

    /// Into memory of its own: what is small must not keep what is large alive, and columns want to be aligned.
    async fn body(&mut self, length: usize, inspect: &mut dyn Inspect) -> Result<Bytes> {
        if length < LARGE_BYTES {
            self.ahead_bytes = AHEAD_BYTES;
            let mut body = vec![0; length];
            self.fill(&mut body, inspect).await?;
            return Ok(body.into());
        }
        self.ahead_bytes = AHEAD_OF_LARGE_BYTES;
        let mut body = self.pool.take(length);
        self.fill(body.as_mut(), inspect).await?;
        Ok(body.freeze())
    }

    async fn fill(&mut self, body: &mut [u8], inspect: &mut dyn Inspect) -> Result<()> {
        let ahead = body.len().min(self.end - self.start);
        let (mut filled, rest) = (ahead, self.start + ahead);
        body[..ahead].copy_from_slice(&self.ahead[self.start..rest]);
        self.start = rest;
        while filled < body.len() {
            let read = self.reader.read(&mut body[filled..]).await;
            match read.map_err(|error| self.broken(error))? {
                0 => return Err(self.broken(io::ErrorKind::UnexpectedEof.into())),
                read => filled += read,
            }
            inspect.progress();
        }
        Ok(())
    }

    fn broken(&self, error: io::Error) -> TransportError {
        TransportError::broken(&self.peer, "reading", error)
    }

    fn wrong(&self, message: String) -> TransportError {
        TransportError::protocol(&self.peer, message)
    }
}

#[async_trait]
impl<R: AsyncRead + Unpin + Send> FrameStream for FrameReader<R> {
    async fn next(&mut self, inspect: &mut dyn Inspect) -> Result<Option<Frame>> {
        FrameReader::next(self, inspect).await
    }
}

#[cfg(test)]
mod tests {
    use eventflux_core::state::segment::Compression;
    use proptest::prelude::*;

    use super::*;
    use crate::transport::frame::{FrameType, writer::encode};

    /// Lets in what has a body of at most this many bytes.
    struct UpTo(u32);

    impl Inspect for UpTo {
        fn admit(&mut self, header: &Header) -> Result<(), String> {
            match header.body_bytes <= self.0 {
                true => Ok(()),
                false => Err(format!("{} bytes", header.body_bytes)),
            }
        }

        fn progress(&mut self) {}
    }

    fn read(bytes: &[u8], bytes_max: u32) -> (Vec<Frame>, Result<()>) {
        let mut reader = FrameReader::new("peer", bytes);
        let mut frames = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let end = runtime.block_on(async {
            while let Some(frame) = reader.next(&mut UpTo(bytes_max)).await? {
                frames.push(frame);
            }
            Ok(())
        });
        (frames, end)
    }

    fn frames() -> Vec<Frame> {
        let rows = Header {
            codec: Compression::Zstd,
            raw_bytes: 1 << 20,
            body_bytes: 300,
            ..Header::new(FrameType::Rows)
        };
        vec![
            Frame::new(Header::new(FrameType::Watermark), vec![1; 8]),
            Frame {
                header: rows,
                body: Body::Bytes(vec![Bytes::from(vec![7; 100]), Bytes::from(vec![8; 200])]),
            },
            Frame::new(Header::new(FrameType::EndOfInput), Vec::new()),
        ]
    }

    fn assert_same(left: &Frame, right: &Frame) {
        let bytes = |frame: &Frame| match &frame.body {
            Body::Bytes(pieces) => pieces.concat(),
            Body::Batch(_) => panic!("rows that are not encoded"),
        };
        assert_eq!(left.header, right.header);
        assert_eq!(bytes(left), bytes(right));
    }

    #[test]
    fn frames_come_back_as_they_were() {
        let bytes = encode(frames()).unwrap().concat();
        let (read, end) = read(&bytes, 1_000);
        end.unwrap();
        assert_eq!(read.len(), 3);
        read.iter()
            .zip(&frames())
            .for_each(|(left, right)| assert_same(left, right));
    }

    /// What a node of version 1 sent.
    const VERSION_1: &[u8] = include_bytes!("../../../../fuzz/seeds/frames/v1");

    #[test]
    fn frames_of_version_1_are_read_and_written() {
        let (read, end) = read(VERSION_1, 1_000);
        end.unwrap();
        assert_eq!(read.len(), 3);
        read.iter()
            .zip(&frames())
            .for_each(|(left, right)| assert_same(left, right));
        assert_eq!(encode(read).unwrap().concat(), VERSION_1);
    }

    #[test]
    fn what_is_not_admitted_is_not_read() {
        let mut header = Header::new(FrameType::Rows);
        (header.body_bytes, header.raw_bytes) = (64 << 20, 64 << 20);
        // There are no such bytes: whoever reads them, waits or fails otherwise.
        let (frames, end) = read(&header.encode([]), 1_000);
        assert!(frames.is_empty());
        let error = end.expect_err("it is too large");
        assert_eq!(
            error.to_string(),
            "peer sent what cannot be right: 67108864 bytes"
        );
    }

    proptest! {
        #[test]
        fn a_changed_bit_is_noticed_and_what_came_before_it_is_whole(place: prop::sample::Index, bit in 0..8_u32) {
            let mut bytes = encode(frames()).unwrap().concat();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let (read, end) = read(&bytes, 1_000);
            prop_assert!(end.is_err());
            read.iter().zip(&frames()).for_each(|(left, right)| assert_same(left, right));
        }

        #[test]
        fn bytes_that_end_within_a_frame_are_noticed(length: prop::sample::Index) {
            let bytes = encode(frames()).unwrap().concat();
            let length = length.index(bytes.len());
            let (read, end) = read(&bytes[..length], 1_000);
            // The frames end behind 40, 372 and 404 bytes.
            prop_assert_eq!(end.is_ok(), [0, 40, 372].contains(&length));
            prop_assert_eq!(read.len(), [40, 372].iter().filter(|frame_end| **frame_end <= length).count());
        }

        #[test]
        fn any_bytes_are_frames_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let (frames, end) = read(&bytes, 1_000);
            prop_assert!(frames.is_empty());
            prop_assert_eq!(end.is_ok(), bytes.is_empty());
        }
    }
}
