//! Text of one row.

use std::fmt;
use std::ops::Deref;

use arrow::buffer::Buffer;

/// The text of a cell: a view of its column, so that no row costs an allocation.
#[derive(Clone)]
pub struct Text {
    /// **Invariants** UTF-8: it is cut from a column of text at the bounds of a cell.
    bytes: Buffer,
}

impl Text {
    pub(super) fn cut(values: &Buffer, start: usize, length: usize) -> Self {
        Self {
            bytes: values.slice_with_length(start, length),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: by the invariant.
        unsafe { std::str::from_utf8_unchecked(&self.bytes) }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}
