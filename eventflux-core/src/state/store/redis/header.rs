//! The entry of an object.

use std::fmt;
use std::ops::Range;

/// Where an object's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The name of its chunks; no other object has it.
    pub(super) upload: String,
    pub(super) size_bytes: u64,
    pub(super) chunk_bytes: u64,
}

/// A part of one chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChunkRange {
    pub(super) index: u64,
    /// The first byte within the chunk.
    pub(super) start: u64,
    /// The byte after the last.
    pub(super) end: u64,
}

impl Header {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let header = Self {
            upload: parts.next()?.to_owned(),
            size_bytes: parts.next()?.parse().ok()?,
            chunk_bytes: parts.next()?.parse().ok().filter(|bytes| *bytes > 0)?,
        };
        parts.next().is_none().then_some(header)
    }

    pub(super) fn chunk_count(&self) -> u64 {
        self.size_bytes.div_ceil(self.chunk_bytes)
    }

    /// The parts of chunks that make up a range of the object, cut at its end.
    pub(super) fn chunks(&self, range: Range<u64>) -> impl Iterator<Item = ChunkRange> + use<> {
        let (start, end) = (range.start.min(self.size_bytes), range.end.min(self.size_bytes));
        let chunk_bytes = self.chunk_bytes;
        let indices = match start < end {
            true => start / chunk_bytes..end.div_ceil(chunk_bytes),
            false => 0..0,
        };
        indices.map(move |index| ChunkRange {
            index,
            start: start.saturating_sub(index * chunk_bytes),
            end: (end - index * chunk_bytes).min(chunk_bytes),
        })
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.upload, self.size_bytes, self.chunk_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = Header {
            upload: "7-ab".into(),
            size_bytes: 1 << 40,
            chunk_bytes: 10,
        };
        assert_eq!(Header::parse(&header.to_string()), Some(header));
        for wrong in ["", "a", "a:1", "a:1:0", "a:1:2:3", "a:x:2"] {
            assert_eq!(Header::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_range_is_made_of_parts_of_chunks() {
        let header = Header {
            upload: String::new(),
            size_bytes: 25,
            chunk_bytes: 10,
        };
        let parts = |range| {
            let chunks = header.chunks(range);
            chunks
                .map(|part| (part.index, part.start, part.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(parts(0..u64::MAX), [(0, 0, 10), (1, 0, 10), (2, 0, 5)]);
        assert_eq!(parts(9..11), [(0, 9, 10), (1, 0, 1)]);
        assert_eq!(parts(10..20), [(1, 0, 10)]);
        assert_eq!(parts(24..99), [(2, 4, 5)]);
        assert_eq!(parts(25..99), []);
        assert_eq!(parts(5..5), []);
    }
}
