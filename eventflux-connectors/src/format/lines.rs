//! Cuts a byte stream into lines, over-long ones included.

use bytes::Bytes;
use eventflux_core::connector::{RECORD_BYTES_MAX, raw_of};
use eventflux_core::operator::BadRow;

/// What some programs put in front of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What to do with the bytes at hand.
#[derive(Debug, PartialEq, Eq)]
pub enum Run<'a> {
    /// Whole lines; only the last line of the stream may be without its line break.
    Lines(&'a [u8]),
    /// That many bytes belong to a line that is too long; they are dealt with.
    Passed(usize),
    /// There is no whole line yet.
    Wait,
}

/// Cuts a byte stream into lines. A line that is too long becomes a bad row as soon as that is known, and its rest is passed
/// over piece by piece.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The most bytes of a line, without its line break.
    pub line_bytes_max: usize,
    /// Whether the bytes ahead belong to a line that was too long.
    is_passing: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            line_bytes_max: RECORD_BYTES_MAX,
            is_passing: false,
        }
    }
}

impl Lines {
    /// Another stream begins with these bytes: the length of its byte order mark, `None` if that is not known yet.
    pub fn begin(&mut self, head: &[u8], is_end: bool) -> Option<usize> {
        self.is_passing = false;
        match head {
            _ if head.starts_with(BYTE_ORDER_MARK) => Some(BYTE_ORDER_MARK.len()),
            _ if !is_end && BYTE_ORDER_MARK.starts_with(head) => None,
            _ => Some(0),
        }
    }

    /// The whole lines in front of the bytes. Lines longer than the limit that are whole are the caller's to refuse.
    pub fn cut<'a>(&mut self, bytes: &'a [u8], offset: u64, is_end: bool, bad: &mut Vec<BadRow>) -> Run<'a> {
        if self.is_passing {
            let line_break = memchr::memchr(b'\n', bytes);
            self.is_passing = line_break.is_none();
            return Run::Passed(line_break.map_or(bytes.len(), |at| at + 1));
        }
        if is_end {
            return Run::Lines(bytes);
        }
        match memchr::memrchr(b'\n', bytes) {
            Some(last) => Run::Lines(&bytes[..=last]),
            None if bytes.len() > self.line_bytes_max => {
                self.is_passing = true;
                bad.push(self.too_long(offset, raw_of(bytes)));
                Run::Passed(bytes.len())
            }
            None => Run::Wait,
        }
    }

    /// The bad row of a line that is too long.
    pub fn too_long(&self, offset: u64, raw: Bytes) -> BadRow {
        bad_row(
            offset,
            format!("the record is longer than {} bytes", self.line_bytes_max),
            raw,
        )
    }
}

/// A bad row at an offset of a byte stream.
pub fn bad_row(offset: u64, reason: String, raw: Bytes) -> BadRow {
    BadRow {
        partition: None,
        offset: i64::try_from(offset).ok(),
        reason,
        raw,
    }
}

/// A line without its line break.
pub fn without_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_handed_on() {
        let (mut lines, mut bad) = (Lines::default(), Vec::new());
        assert_eq!(lines.cut(b"a\nb\nc", 0, false, &mut bad), Run::Lines(b"a\nb\n"));
        assert_eq!(lines.cut(b"c", 4, false, &mut bad), Run::Wait);
        assert_eq!(lines.cut(b"c", 4, true, &mut bad), Run::Lines(b"c"));
        assert!(bad.is_empty());
    }

    #[test]
    fn an_overlong_line_is_one_bad_row_however_it_arrives() {
        let (mut lines, mut bad) = (
            Lines {
                line_bytes_max: 4,
                is_passing: false,
            },
            Vec::new(),
        );
        assert_eq!(lines.cut(b"abcd", 10, false, &mut bad), Run::Wait);
        assert_eq!(lines.cut(b"abcde", 10, false, &mut bad), Run::Passed(5));
        assert_eq!(lines.cut(b"fghi", 15, false, &mut bad), Run::Passed(4));
        assert_eq!(lines.cut(b"j\nk\n", 19, false, &mut bad), Run::Passed(2));
        assert_eq!(lines.cut(b"k\n", 21, false, &mut bad), Run::Lines(b"k\n"));
        assert_eq!((bad[0].offset, &bad[0].raw[..]), (Some(10), &b"abcde"[..]));
        assert_eq!(bad.len(), 1);
    }
}
