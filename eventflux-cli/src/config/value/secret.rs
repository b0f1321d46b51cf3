//! What must not be seen.

use std::fmt;

use schemars::{Schema, json_schema};

use super::{TextValue, text_value};

/// What stands for a secret wherever one would be shown.
pub(crate) const MASK: &str = "***";

/// Text that is never shown: not by `Debug`, not by `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for whoever must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TextValue for Secret {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Schema {
        json_schema!({"type": "string", "writeOnly": true})
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

text_value!(Secret);

/// A text with `***` in place of what stands before the `@` of each address in it, and of its parameters.
pub fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for hidden in hidden_parts(text) {
        shown.push_str(&text[end..hidden.start]);
        shown.push_str(MASK);
        end = hidden.end;
    }
    shown.push_str(&text[end..]);
    shown
}

/// Where passwords stand in addresses: `redis://user:password@host`, `s3://bucket?key=value`.
pub(crate) fn hidden_parts(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let start = from + found + 3;
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';');
        let end = text[start..].find(is_end).map_or(text.len(), |end| start + end);
        let address = &text[start..end];
        let question = address.find('?').unwrap_or(address.len());
        // A password may have an `@` of its own.
        if let Some(at) = address[..question].rfind('@') {
            // A user's name alone is no secret; a token in its place would be, so it is hidden, too.
            parts.push(start..start + at);
        }
        if question + 1 < address.len() {
            parts.push(start + question + 1..end);
        }
        from = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_addresses_are_not_shown() {
        for (text, shown) in [
            ("redis://user:p@ss@h:6379/1", "redis://***@h:6379/1"),
            ("redis://:p@h, redis://h2", "redis://***@h, redis://h2"),
            ("s3://bucket/x?secret=1", "s3://bucket/x?***"),
            ("redis://h:6379", "redis://h:6379"),
            ("a@b", "a@b"),
            ("://", "://"),
            ("x://é:ü@é?ä", "x://***@é?***"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }
}
