//! Finding a part of a JSON text without building anything.

use datafusion_common::{Result, exec_err};
use serde::de::IgnoredAny;

/// A part of a document: valid JSON, without white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a>(&'a str);

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

/// A step from a part to one inside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of an object.
    Key(String),
    /// The element of an array, from 0; from the end if negative.
    Index(i64),
    /// As text of a PostgreSQL path, it is an index in an array and a key in an object.
    Either(String),
}

impl<'a> Part<'a> {
    /// The whole document.
    ///
    /// **Errors** The text is not JSON.
    pub(super) fn document(text: &'a str) -> Result<Self> {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(Part(text.trim_matches(is_space))),
            Err(error) => exec_err!("not JSON: {error}"),
        }
    }

    /// The part as it stands in the document.
    pub(super) fn as_json(self) -> &'a str {
        self.0
    }

    /// The text of a string, any other part as it stands, and nothing for `null`.
    pub(super) fn as_text(self) -> Option<String> {
        match self.kind() {
            Kind::Null => None,
            Kind::String => Some(unquoted(self.0)),
            _ => Some(self.0.to_owned()),
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The part that a step leads to.
    pub(super) fn step(self, step: &Step) -> Option<Part<'a>> {
        match (self.kind(), step) {
            (Kind::Object, Step::Key(key) | Step::Either(key)) => self.member(key),
            (Kind::Array, Step::Index(index)) => self.element(*index),
            (Kind::Array, Step::Either(text)) => self.element(text.parse().ok()?),
            _ => None,
        }
    }

    /// The last member of this name: a later one replaces an earlier one.
    fn member(self, key: &str) -> Option<Part<'a>> {
        let mut found = None;
        let mut rest = self.inside();
        while !rest.is_empty() {
            let (name, after) = take(rest);
            // A colon follows.
            let (value, after) = take(after.trim_start_matches(is_space).get(1..).unwrap_or_default());
            if is_name(name, key) {
                found = Some(Part(value));
            }
            rest = behind_comma(after);
        }
        found
    }

    fn element(self, index: i64) -> Option<Part<'a>> {
        let from_start = match index {
            index if index < 0 => self.element_count() as i64 + index,
            index => index,
        };
        self.elements().nth(usize::try_from(from_start).ok()?)
    }

    /// The elements of an array.
    pub(super) fn elements(self) -> impl Iterator<Item = Part<'a>> {
        let mut rest = self.inside();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (value, after) = take(rest);
            rest = behind_comma(after);
            Some(Part(value))
        })
    }

    /// How many elements an array has.
    pub(super) fn element_count(self) -> usize {
        self.elements().count()
    }

    /// What stands between the brackets or braces.
    fn inside(self) -> &'a str {
        self.0
            .get(1..self.0.len() - 1)
            .unwrap_or_default()
            .trim_matches(is_space)
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The value at the start of valid JSON, and what follows it.
fn take(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(is_space);
    let bytes = text.as_bytes();
    let (mut depth, mut is_in_string, mut at) = (0usize, false, 0usize);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if is_in_string => at += 1,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    let (value, rest) = text.split_at(at.min(text.len()));
    (value.trim_end_matches(is_space), rest)
}

fn behind_comma(text: &str) -> &str {
    text.strip_prefix(',')
        .unwrap_or(text)
        .trim_start_matches(is_space)
}

fn is_name(quoted: &str, key: &str) -> bool {
    if quoted.contains('\\') {
        return unquoted(quoted) == key;
    }
    quoted.get(1..quoted.len().saturating_sub(1)) == Some(key)
}

fn unquoted(quoted: &str) -> String {
    // The document is valid, and so is every string of it; a lone surrogate alone has no text.
    serde_json::from_str(quoted).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn find<'a>(text: &'a str, steps: &[Step]) -> Option<&'a str> {
        let document = Part::document(text).unwrap();
        steps
            .iter()
            .try_fold(document, |part, step| part.step(step))
            .map(Part::as_json)
    }

    #[test]
    fn parts_are_found_as_they_stand() {
        let text = r#" { "a" : { "b,]" : [ 1.50 , "x\"}" , { } , [ ] ] } , "a\u0062" : null } "#;
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(find(text, &[key("a"), key("b,]"), Step::Index(0)]), Some("1.50"));
        assert_eq!(
            find(text, &[key("a"), key("b,]"), Step::Index(-3)]),
            Some(r#""x\"}""#)
        );
        assert_eq!(find(text, &[key("a"), key("b,]"), Step::Index(4)]), None);
        assert_eq!(find(text, &[key("ab")]), Some("null"));
        assert_eq!(find(text, &[Step::Index(0)]), None);
        assert_eq!(find(r#"{"a":1,"a":2}"#, &[key("a")]), Some("2"));
        assert_eq!(find("[]", &[Step::Index(0)]), None);
        assert_eq!(find("[]", &[Step::Index(-1)]), None);
        assert_eq!(find("5", &[Step::Index(0)]), None);
        assert_eq!(find("[7]", &[Step::Either("0".into())]), Some("7"));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\,:{}\\[\\] é]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-c\",:]{0,3}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Every part is where a parser that builds the whole document finds it.
        #[test]
        fn parts_are_those_of_a_full_parser(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap();
            let document = Part::document(&text).unwrap();
            match &value {
                Value::Object(members) => for (key, member) in members {
                    let part = document.step(&Step::Key(key.clone())).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<Value>(part.as_json()).unwrap(), member);
                },
                Value::Array(elements) => {
                    let parts: Vec<Value> =
                        document.elements().map(|part| serde_json::from_str(part.as_json()).unwrap()).collect();
                    prop_assert_eq!(&parts, elements);
                }
                Value::String(string) => prop_assert_eq!(document.as_text(), Some(string.clone())),
                _ => prop_assert!(document.step(&Step::Index(0)).is_none()),
            }
        }
    }
}
