//! Where fields and records end.

use std::borrow::Cow;

/// The characters that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields.
    pub quote: u8,
}

/// What ends a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldEnd {
    /// A delimiter; the next field begins here.
    Field(usize),
    /// A line break, or the end of the bytes; the next record begins here.
    Record(usize),
}

/// Quotes that do not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteFault {
    /// The bytes end before the closing quote.
    Open,
    /// Something stands between the closing quote and the field's end.
    Followed,
}

impl QuoteFault {
    /// The fault as a sentence.
    pub fn reason(self) -> &'static str {
        match self {
            QuoteFault::Open => "a quoted field does not end",
            QuoteFault::Followed => "something stands between a closing quote and the end of its field",
        }
    }
}

impl Dialect {
    /// What ends the field here; `None` if it goes on.
    #[inline]
    pub fn field_end(self, bytes: &[u8], at: usize) -> Option<FieldEnd> {
        match bytes.get(at) {
            Some(byte) if *byte == self.delimiter => Some(FieldEnd::Field(at + 1)),
            Some(b'\n') => Some(FieldEnd::Record(at + 1)),
            Some(b'\r') => match bytes.get(at + 1) {
                Some(b'\n') => Some(FieldEnd::Record(at + 2)),
                Some(_) => None,
                None => Some(FieldEnd::Record(at + 1)),
            },
            Some(_) => None,
            None => Some(FieldEnd::Record(at)),
        }
    }

    /// The text of a field without quotes that begins here, and what ends it.
    #[inline]
    pub fn bare_field(self, bytes: &[u8], start: usize) -> (&[u8], FieldEnd) {
        let mut at = start;
        loop {
            at += self.plain_prefix(&bytes[at..]);
            if let Some(end) = self.field_end(bytes, at) {
                return (&bytes[start..at], end);
            }
            at += 1;
        }
    }

    /// Bytes at the front that end nothing; eight at a time. A carriage return may end something.
    #[inline]
    fn plain_prefix(self, bytes: &[u8]) -> usize {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        let (delimiters, feeds, returns) = (
            ONES * u64::from(self.delimiter),
            ONES * u64::from(b'\n'),
            ONES * u64::from(b'\r'),
        );
        let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
        let mut plain = 0;
        while let Some(chunk) = bytes.get(plain..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*chunk);
            // Exact for the lowest such byte, which is the one that counts.
            let marks = zero_bytes(word ^ delimiters) | zero_bytes(word ^ feeds) | zero_bytes(word ^ returns);
            if marks != 0 {
                return plain + (marks.trailing_zeros() / 8) as usize;
            }
            plain += 8;
        }
        let ends = |byte: &u8| *byte == self.delimiter || *byte == b'\n' || *byte == b'\r';
        plain
            + bytes[plain..]
                .iter()
                .position(ends)
                .unwrap_or(bytes.len() - plain)
    }

    /// The text of a field in quotes, whose opening quote is here, and what ends it.
    pub fn quoted_field(self, bytes: &[u8], start: usize) -> Result<(Cow<'_, [u8]>, FieldEnd), QuoteFault> {
        let mut text = Cow::Borrowed(&[][..]);
        let mut piece_start = start + 1;
        loop {
            let rest = bytes.get(piece_start..).ok_or(QuoteFault::Open)?;
            let piece = &rest[..memchr::memchr(self.quote, rest).ok_or(QuoteFault::Open)?];
            if text.is_empty() {
                text = Cow::Borrowed(piece);
            } else {
                text.to_mut().extend_from_slice(piece);
            }
            let behind = piece_start + piece.len() + 1;
            if bytes.get(behind) == Some(&self.quote) {
                text.to_mut().push(self.quote);
                piece_start = behind + 1;
                continue;
            }
            return match self.field_end(bytes, behind) {
                Some(end) => Ok((text, end)),
                None => Err(QuoteFault::Followed),
            };
        }
    }

    /// Steps over a field; returns what ends it.
    #[inline]
    pub fn skip_field(self, bytes: &[u8], start: usize) -> Result<FieldEnd, QuoteFault> {
        if bytes.get(start) == Some(&self.quote) {
            return self.quoted_field(bytes, start).map(|(_, end)| end);
        }
        Ok(self.bare_field(bytes, start).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect {
        delimiter: b',',
        quote: b'"',
    };

    fn fields(text: &str) -> Vec<String> {
        let (mut at, mut found) = (0, Vec::new());
        loop {
            let (field, end) = match text.as_bytes().get(at) {
                Some(b'"') => match COMMA.quoted_field(text.as_bytes(), at) {
                    Ok((field, end)) => (field.into_owned(), end),
                    Err(fault) => return vec![format!("{fault:?}")],
                },
                _ => {
                    let (field, end) = COMMA.bare_field(text.as_bytes(), at);
                    (field.to_vec(), end)
                }
            };
            found.push(String::from_utf8(field).unwrap());
            match end {
                FieldEnd::Field(next) => at = next,
                FieldEnd::Record(next) => {
                    assert_eq!(next, text.len());
                    return found;
                }
            }
        }
    }

    #[test]
    fn fields_end_at_delimiters_and_line_breaks() {
        assert_eq!(fields("a,,a longer field\n"), ["a", "", "a longer field"]);
        assert_eq!(fields("a,b\r\n"), ["a", "b"]);
        assert_eq!(fields("a\rb,c\r"), ["a\rb", "c"]);
        assert_eq!(fields("a,"), ["a", ""]);
        assert_eq!(fields("a\"b"), ["a\"b"]);
    }

    #[test]
    fn quotes_hold_anything_and_are_doubled_inside() {
        assert_eq!(
            fields("\"a,\nb\",\"\",\"say \"\"hi\"\"\"\r\n"),
            ["a,\nb", "", "say \"hi\""]
        );
        assert_eq!(fields("\"\"\"\""), ["\""]);
        assert_eq!(fields("\"\"\"a\"\"b\""), ["\"a\"b"]);
        assert_eq!(fields("\"a"), ["Open"]);
        assert_eq!(fields("\"a\"b"), ["Followed"]);
        assert_eq!(fields("\"a\" ,b"), ["Followed"]);
    }
}
