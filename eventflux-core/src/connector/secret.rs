//! What must not be seen in plans, messages and logs, as far as names and addresses tell.

use std::ops::Range;

use super::{OptionPart, OptionText};

/// What stands for a secret wherever one would be shown.
pub const MASK: &str = "***";

/// Words in the names of options that hold secrets.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "token",
    "credential",
    "jaas",
    "pem",
    "access_key",
    "access.key",
    "api_key",
    "api.key",
];

/// Whether an option of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// An option's value as it may be shown: references as references, and no secret that is written out.
pub fn shown_option(name: &str, value: &OptionText) -> String {
    let is_secret = is_secret_name(name);
    let parts = value.parts.iter().map(|part| match part {
        OptionPart::Literal(_) if is_secret => MASK.to_owned(),
        OptionPart::Env {
            name,
            default: Some(_),
        } if is_secret => format!("${{env:{name}:-{MASK}}}"),
        OptionPart::Literal(_) | OptionPart::Env { .. } | OptionPart::File { .. } => {
            let part = OptionText {
                parts: vec![part.clone()],
            };
            part.to_string()
        }
    });
    // An address may be put together from several parts.
    without_passwords(&parts.collect::<String>())
}

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

/// Where passwords stand in addresses: `redis://user:password@host`, `s3://bucket?key=value`, and before any other `@`.
pub fn hidden_parts(text: &str) -> Vec<Range<usize>> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let mut parts = Vec::new();
    let mut start = 0;
    for word in text.split_inclusive(is_end) {
        let word_start = start;
        start += word.len();
        let word = word.trim_end_matches(is_end);
        let address = word.find("://").map(|scheme| scheme + 3);
        let begin = address.unwrap_or(0);
        let question = match address {
            Some(address) => word[address..].find('?').map(|question| address + question),
            None => None,
        };
        // A password may have an `@` of its own, and one that is not encoded a `?`.
        if let Some(at) = word.rfind('@').filter(|at| *at >= begin) {
            // A user's name alone is no secret; a token in its place would be, so it is hidden, too.
            parts.push(word_start + begin..word_start + at);
        }
        if let Some(question) = question.filter(|question| question + 1 < word.len()) {
            parts.push(word_start + question + 1..word_start + word.len());
        }
    }
    merged(parts)
}

/// Without overlaps.
fn merged(parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match merged.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => merged.push(part),
        }
    }
    merged
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
            ("a@b", "***@b"),
            ("redis://u:a?b@h", "redis://***"),
            ("://", "://"),
            ("x://é:ü@é?ä", "x://***@é?***"),
            ("a x://u@h?b c", "a x://***@h?*** c"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn options_with_secrets_are_shown_without_them() {
        let literal = OptionText::literal("x1");
        assert_eq!(shown_option("properties.sasl.password", &literal), "***");
        assert_eq!(shown_option("topic", &literal), "x1");
        assert_eq!(
            shown_option("url", &OptionText::literal("http://u:x1@h/p")),
            "http://***@h/p"
        );
        let with_default = OptionText {
            parts: vec![OptionPart::Env {
                name: "P".into(),
                default: Some("x1".into()),
            }],
        };
        assert_eq!(shown_option("sasl.password", &with_default), "${env:P:-***}");
        assert_eq!(shown_option("topic", &with_default), "${env:P:-x1}");
    }
}
