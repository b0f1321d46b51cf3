//! A place in JSON text, and how it moves over blanks, strings, numbers and whole values.
//!
//! **Invariants** No step goes over a line break in line mode, where one ends the record; outside of strings it is a blank
//! in message mode. Inside of strings it is wrong in both. So whatever goes wrong, the record's end is still ahead.

use super::fault::{Fault, Parsed};

/// The most arrays and objects inside of each other.
pub const DEPTH_MAX: usize = 128;

/// A place in JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    breaks_are_blanks: bool,
}

/// A string as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StringToken<'a> {
    /// What stands between the quotes.
    pub raw: &'a [u8],
    /// Whether there are escapes in it.
    pub has_escapes: bool,
}

impl<'a> Cursor<'a> {
    /// The start of lines, each of which is a record.
    pub fn of_lines(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            breaks_are_blanks: false,
        }
    }

    /// The start of a message.
    pub fn of_message(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            breaks_are_blanks: true,
        }
    }

    /// How many bytes are behind.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Moves to a place.
    #[inline]
    pub fn set_position(&mut self, at: usize) {
        self.at = at;
    }

    /// What is ahead.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// What lies between an earlier place and this one.
    #[inline]
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// The next byte; the end looks like a line break.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(b'\n')
    }

    /// Moves on by this many bytes.
    #[inline]
    pub fn advance(&mut self, byte_count: usize) {
        self.at += byte_count;
    }

    /// Moves over blanks; returns the byte behind them.
    #[inline]
    pub fn skip_blanks(&mut self) -> u8 {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if self.breaks_are_blanks && self.at < self.bytes.len() => self.at += 1,
                other => return other,
            }
        }
    }

    /// Moves over this byte.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Parsed<()> {
        if self.peek() != byte {
            return Err(self.unexpected(&format!("`{}`", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    /// Moves over a string, given that a quote is ahead.
    #[inline]
    pub fn string(&mut self) -> Parsed<StringToken<'a>> {
        self.expect(b'"')?;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            self.at += clean_prefix(self.rest());
            match self.peek() {
                b'"' => {
                    let raw = self.since(start);
                    self.at += 1;
                    return Ok(StringToken { raw, has_escapes });
                }
                b'\\' => {
                    has_escapes = true;
                    self.at += 1;
                    if self.peek() < 0x20 {
                        return Err(self.unexpected("an escape"));
                    }
                    self.at += 1;
                }
                _ if self.at < self.bytes.len() && self.peek() != b'\n' => {
                    return Err(self.unexpected("an escape in place of a control character"));
                }
                _ => return Err(self.unexpected("the end of a string")),
            }
        }
    }

    /// Moves over a number and returns its text, which follows JSON's grammar.
    pub fn number(&mut self) -> Parsed<&'a [u8]> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.ends_value() {
            Ok(self.since(start))
        } else {
            Err(self.unexpected("the end of a number"))
        }
    }

    fn digits(&mut self) -> Parsed<()> {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    /// Whether a number or word may end here.
    #[inline]
    pub fn ends_value(&self) -> bool {
        matches!(self.peek(), b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
    }

    /// Moves over `true`, `false` or `null`.
    pub fn word(&mut self, word: &'static str) -> Parsed<()> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        if self.ends_value() {
            Ok(())
        } else {
            Err(self.unexpected("a value"))
        }
    }

    /// Moves over any value and returns its text. Everything is checked as if it were read, but nothing is built.
    pub fn skip_value(&mut self, depth: usize) -> Parsed<&'a [u8]> {
        let start = self.at;
        match self.peek() {
            b'"' => {
                let token = self.string()?;
                if token.has_escapes {
                    super::string::check_escapes(token.raw).map_err(|reason| self.fault(reason))?;
                }
            }
            b'{' => self.skip_object(depth)?,
            b'[' => self.skip_array(depth)?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            b'-' | b'0'..=b'9' => {
                self.number()?;
            }
            _ => return Err(self.unexpected("a value")),
        }
        Ok(self.since(start))
    }

    fn skip_object(&mut self, depth: usize) -> Parsed<()> {
        self.open(b'{', depth)?;
        if self.skip_blanks() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.string()?;
            if key.has_escapes {
                super::string::check_escapes(key.raw).map_err(|reason| self.fault(reason))?;
            }
            self.skip_blanks();
            self.expect(b':')?;
            self.skip_blanks();
            self.skip_value(depth + 1)?;
            if self.has_closed(b'}')? {
                return Ok(());
            }
        }
    }

    fn skip_array(&mut self, depth: usize) -> Parsed<()> {
        self.open(b'[', depth)?;
        if self.skip_blanks() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_value(depth + 1)?;
            if self.has_closed(b']')? {
                return Ok(());
            }
        }
    }

    /// Moves over the bracket that opens an array or object.
    #[inline]
    pub fn open(&mut self, bracket: u8, depth: usize) -> Parsed<()> {
        self.expect(bracket)?;
        if depth >= DEPTH_MAX {
            return Err(self.fault(format!("more than {DEPTH_MAX} arrays and objects are nested")));
        }
        Ok(())
    }

    /// Moves over what follows an item: `false` after a comma and blanks, `true` after the closing bracket.
    #[inline]
    pub fn has_closed(&mut self, bracket: u8) -> Parsed<bool> {
        let next = self.skip_blanks();
        if next == b',' {
            self.at += 1;
            self.skip_blanks();
            return Ok(false);
        }
        if next == bracket {
            self.at += 1;
            return Ok(true);
        }
        Err(self.unexpected(&format!("`,` or `{}`", char::from(bracket))))
    }

    /// The fault that something else stands here.
    #[cold]
    pub fn unexpected(&self, wanted: &str) -> Box<Fault> {
        let found = match self.bytes.get(self.at) {
            None | Some(b'\n') => "the record ends".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => format!("there is `{}`", char::from(*byte)),
            Some(byte) => format!("there is byte 0x{byte:02x}"),
        };
        self.fault(format!("{wanted} is expected, but {found}"))
    }

    /// A fault at this place.
    #[cold]
    pub fn fault(&self, reason: impl Into<String>) -> Box<Fault> {
        Box::new(Fault::Syntax {
            at: self.at,
            reason: reason.into(),
        })
    }
}

/// Bytes of a string at the front that are neither quotes, backslashes nor control characters; eight at a time.
#[inline]
fn clean_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut clean = 0;
    while let Some(chunk) = bytes.get(clean..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // Exact for the lowest such byte, which is the one that counts.
        let marks = controls | zero_bytes(word ^ (ONES * 0x22)) | zero_bytes(word ^ (ONES * 0x5c));
        if marks != 0 {
            return clean + (marks.trailing_zeros() / 8) as usize;
        }
        clean += 8;
    }
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    clean
        + bytes[clean..]
            .iter()
            .position(is_special)
            .unwrap_or(bytes.len() - clean)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text of the first value in a message, if it is one.
    fn value(text: &str) -> Option<&[u8]> {
        Cursor::of_message(text.as_bytes()).skip_value(0).ok()
    }

    #[test]
    fn values_are_checked_while_they_are_skipped() {
        for right in [
            r#"{"a":[1,-2.5e-7,{"b":null}],"c":"\u00e9\n"}"#,
            "[]",
            "{}",
            "0",
            "-0.0",
            "\"\"",
            "true",
            "[ 1 ,\n2 ]",
        ] {
            assert_eq!(value(right), Some(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "tru",
            "truex",
            "01",
            "1.",
            ".5",
            "-",
            "+1",
            "1e",
            "0x1",
            "NaN",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "\"",
            "\"\\",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "\"a\nb\"",
            "[",
            "{",
            "[[",
            "'a'",
            "1_000",
        ] {
            assert_eq!(value(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(value(&nested(DEPTH_MAX)).is_some());
        assert!(value(&nested(DEPTH_MAX + 1)).is_none());
        assert!(value(&"[".repeat(1_000_000)).is_none());
    }

    proptest! {
        #[test]
        fn skipping_agrees_with_serde_json(text in r#"[\[\]{}:,"a\\ue0-9.tfn \-]{0,12}"#) {
            let mut cursor = Cursor::of_message(text.as_bytes());
            cursor.skip_blanks();
            let is_value = cursor.skip_value(0).is_ok() && { cursor.skip_blanks(); cursor.rest().is_empty() };
            prop_assert_eq!(is_value, serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }
    }
}
