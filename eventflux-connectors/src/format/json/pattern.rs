//! The bytes from one value to the next, as they were last seen.

use super::cursor::Cursor;

/// Text that is compared at once: `,"price":` with whatever blanks it had.
///
/// It was read in full when it was first seen, at the same place of an object; equal bytes need no second reading.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The first sixteen bytes; zeros behind a shorter text.
    head: u128,
    /// Ones where `head` counts.
    mask: u128,
    text: Box<[u8]>,
}

impl Pattern {
    /// The pattern of a text. A text with a line break is none: it may stand in a message, but not in a line.
    pub fn new(text: &[u8]) -> Option<Self> {
        if text.contains(&b'\n') {
            return None;
        }
        let mut head = [0; 16];
        let length = text.len().min(16);
        head[..length].copy_from_slice(&text[..length]);
        let mask = if length == 16 {
            u128::MAX
        } else {
            (1 << (8 * length)) - 1
        };
        Some(Self {
            head: u128::from_le_bytes(head),
            mask,
            text: text.into(),
        })
    }

    /// Moves over the text and the blanks behind it, if the text is ahead.
    #[inline]
    pub fn take(&self, cursor: &mut Cursor<'_>) -> bool {
        let is_ahead = self.is_prefix_of(cursor.rest());
        if is_ahead {
            cursor.advance(self.text.len());
            if cursor.peek() <= b' ' {
                cursor.skip_blanks();
            }
        }
        is_ahead
    }

    /// Whether the bytes begin with the text.
    #[inline]
    fn is_prefix_of(&self, bytes: &[u8]) -> bool {
        match bytes.first_chunk::<16>() {
            Some(chunk) => {
                u128::from_le_bytes(*chunk) & self.mask == self.head
                    && (self.text.len() <= 16 || bytes.starts_with(&self.text))
            }
            None => bytes.starts_with(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_prefix_if_the_bytes_begin_with_it(text in "[ab\\x00]{0,20}", bytes in "[ab\\x00]{0,24}") {
            prop_assert!(Pattern::new(text.as_bytes()).unwrap().is_prefix_of((text.clone() + &bytes).as_bytes()));
            prop_assert_eq!(Pattern::new(text.as_bytes()).unwrap().is_prefix_of(bytes.as_bytes()), bytes.starts_with(&text));
        }
    }
}
