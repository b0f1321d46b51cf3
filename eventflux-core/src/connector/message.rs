//! Encoded rows, each with a key and a value.

use std::ops::Range;

/// One encoded row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The row of the batch that it stands for: its event time is the message's time.
    pub row: usize,
    /// The key, if there is one.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

/// Encoded rows, one behind the other in one buffer that is used again and again.
///
/// ```
/// use eventflux_core::connector::{Message, Messages};
///
/// let mut messages = Messages::default();
/// messages.key(|out| out.extend_from_slice(b"k"));
/// messages.value(|out| out.extend_from_slice(b"v"));
/// messages.end(0);
/// let found: Vec<_> = messages.iter().collect();
/// assert_eq!(found, [Message { row: 0, key: Some(b"k"), value: Some(b"v") }]);
/// ```
#[derive(Debug, Default)]
pub struct Messages {
    bytes: Vec<u8>,
    ended: Vec<Span>,
    open: Span,
}

#[derive(Debug, Default)]
struct Span {
    row: usize,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Messages {
    /// Writes the key of the message that is being made.
    pub fn key(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.open.key = Some(self.write(write));
    }

    /// Writes its value.
    pub fn value(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.open.value = Some(self.write(write));
    }

    /// Ends the message, which stands for this row.
    pub fn end(&mut self, row: usize) {
        let span = std::mem::take(&mut self.open);
        self.ended.push(Span { row, ..span });
    }

    /// The messages in order.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        let bytes = |range: &Option<Range<usize>>| range.clone().map(|range| &self.bytes[range]);
        self.ended.iter().map(move |span| Message {
            row: span.row,
            key: bytes(&span.key),
            value: bytes(&span.value),
        })
    }

    /// Takes all messages out and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ended.clear();
        self.open = Span::default();
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        start..self.bytes.len()
    }
}
