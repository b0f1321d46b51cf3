//! YAML to trees.
//!
//! **Errors** Syntax, a key that stands twice, and more than a configuration can need: depth, size, aliases.

use std::fmt;

use eventflux::sql::diagnostic::{Code, Diagnostic, Span};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Options, Spanned};

use super::tree::{Entry, Node, NodeValue};

/// Bytes of a file at the most.
pub(crate) const BYTES_MAX: usize = 1 << 20;

/// The documents of a text, in order; those without anything are left out.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, Diagnostic> {
    if text.len() > BYTES_MAX {
        let message = format!("a configuration has {BYTES_MAX} bytes at the most");
        return Err(Diagnostic::error(Code::ConfigSyntax, Span::at(0), message));
    }
    let documents: Vec<Raw> =
        serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| refused(text, &error))?;
    let nodes = documents.into_iter().map(|raw| raw.into_node(text));
    let nodes: Vec<Node> = nodes.filter(|node| node.value != NodeValue::Null).collect();
    for node in &nodes {
        no_key_twice(node)?;
        if !matches!(node.value, NodeValue::Map(_)) {
            let message = "a configuration is a map of keys and values";
            return Err(Diagnostic::error(Code::ConfigSyntax, node.span, message)
                .with_help("it begins with `eventflux:`, and everything else stands below"));
        }
    }
    Ok(nodes)
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_documents: 64,
            max_nodes: 20_000,
            max_events: 100_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
        reject_unsupported_tags: true,
    }
}

fn refused(text: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let span = error.location().map_or(Span::at(text.len()), |location| {
        let span = span(location);
        // A syntax error is at a place, not over one.
        Span::new(span.start.min(text.len()), span.end.min(text.len()))
    });
    let message = error.without_snippet().to_string();
    // The place is shown by the caret.
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(['.', ':']);
    Diagnostic::error(Code::ConfigSyntax, span, format!("this is not YAML: {message}"))
}

fn no_key_twice(node: &Node) -> Result<(), Diagnostic> {
    match &node.value {
        NodeValue::Map(entries) => {
            let mut seen: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
            for entry in entries {
                if let Some(first) = seen.insert(&entry.key, entry.key_span) {
                    let message = format!("the key `{}` stands here twice", entry.key);
                    return Err(Diagnostic::error(Code::DuplicateKey, entry.key_span, message)
                        .with_label(first, "first here"));
                }
                no_key_twice(&entry.value)?;
            }
            Ok(())
        }
        NodeValue::List(elements) => elements.iter().try_for_each(no_key_twice),
        NodeValue::Null | NodeValue::Text(_) => Ok(()),
    }
}

/// A value as the parser gives it. What it takes for a number or the like is cut out of the text later, since the key decides.
struct Raw {
    value: RawValue,
    referenced: Location,
    defined: Location,
}

enum RawValue {
    Null,
    Text(String),
    /// Something else than text, and how the parser would write it.
    Scalar(String),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

fn span(location: Location) -> Span {
    let span = location.span();
    let start = usize::try_from(span.byte_offset().unwrap_or_default()).unwrap_or_default();
    let len = usize::try_from(span.byte_len().unwrap_or_default()).unwrap_or_default();
    Span::new(start, start.saturating_add(len))
}

impl Raw {
    fn into_node(self, source: &str) -> Node {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | ':' | '~');
        let value = match self.value {
            RawValue::Null => NodeValue::Null,
            RawValue::Text(text) => NodeValue::Text(text),
            RawValue::Scalar(text) => {
                let place = span(self.defined);
                let written = source.get(place.start..place.end).unwrap_or_default().trim();
                let is_written = !written.is_empty() && written.chars().all(is_plain);
                NodeValue::Text(if is_written { written.to_owned() } else { text })
            }
            RawValue::List(values) => {
                NodeValue::List(values.into_iter().map(|value| value.into_node(source)).collect())
            }
            RawValue::Map(entries) => NodeValue::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key_span: trimmed(source, span(key.referenced)),
                        key: key.value,
                        value: value.into_node(source),
                    })
                    .collect(),
            ),
        };
        Node {
            value,
            span: trimmed(source, span(self.referenced)),
        }
    }
}

/// Without the white space at its end, and within the text.
fn trimmed(source: &str, span: Span) -> Span {
    let start = source.floor_char_boundary(span.start);
    let end = source.floor_char_boundary(span.end).max(start);
    Span::new(start, start + source[start..end].trim_end().len())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(|spanned| Raw {
            value: spanned.value,
            referenced: spanned.referenced,
            defined: spanned.defined,
        })
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_none<E: Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(value.to_string()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(value.to_string()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Scalar(value.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(RawValue::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree on one line, each value behind the text at its place.
    fn show(node: &Node, source: &str) -> String {
        match &node.value {
            NodeValue::Null => "null".into(),
            NodeValue::Text(text) => format!("{text}@{}", &source[node.span.start..node.span.end]),
            NodeValue::List(elements) => {
                let shown: Vec<String> = elements.iter().map(|element| show(element, source)).collect();
                format!("[{}]", shown.join(" "))
            }
            NodeValue::Map(entries) => {
                let shown = entries.iter().map(|entry| {
                    let written = &source[entry.key_span.start..entry.key_span.end];
                    format!("{}@{written}={}", entry.key, show(&entry.value, source))
                });
                format!("{{{}}}", shown.collect::<Vec<_>>().join(" "))
            }
        }
    }

    fn read_one(text: &str) -> String {
        let nodes = read(text).unwrap();
        assert_eq!(nodes.len(), 1, "{text}");
        show(&nodes[0], text)
    }

    #[test]
    fn every_value_has_its_place() {
        assert_eq!(
            read_one("é: 1\na:\n  b: \"x y\" # c\n  l: [1, 007, z]\n"),
            "{é@é=1@1 a@a={b@b=x y@\"x y\" l@l=[1@1 007@007 z@z]}}"
        );
    }

    #[test]
    fn numbers_and_the_like_stay_as_they_are_written() {
        assert_eq!(
            read_one("a: 1_000\nb: 1e3\nc: true\nd: 0x1F\ne: yes\nf: ~\ng: 1.50\nh: 12:30\n"),
            "{a@a=1_000@1_000 b@b=1e3@1e3 c@c=true@true d@d=0x1F@0x1F e@e=yes@yes f@f=null g@g=1.50@1.50 h@h=12:30@12:30}"
        );
    }

    #[test]
    fn anchors_and_merges_are_carried_out() {
        let text = "a: &x {k: 5}\nb: *x\nc:\n  <<: *x\n  m: 2\n";
        let nodes = read(text).unwrap();
        for path in [["b", "k"], ["c", "k"]] {
            let entry = nodes[0].find(&path).unwrap();
            assert_eq!(entry.value.value, NodeValue::Text("5".into()), "{path:?}");
        }
    }

    #[test]
    fn several_documents_are_several_trees() {
        let nodes = read("---\na: 1\n---\n# nothing\n---\nb: 2\n").unwrap();
        assert_eq!(nodes.len(), 2);
        assert!(read("").unwrap().is_empty());
        assert!(read("# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_map_of_keys_is_refused_at_its_place() {
        for (text, code, place) in [
            ("a: [1\nb: 2\n", Code::ConfigSyntax, None),
            ("a: 1\n a: 2\n", Code::ConfigSyntax, None),
            ("- a\n", Code::ConfigSyntax, None),
            ("text\n", Code::ConfigSyntax, None),
            ("a: 1\nb: 2\na: 3\n", Code::DuplicateKey, Some(10..11)),
            ("a: {b: 1, b: 2}\n", Code::DuplicateKey, Some(10..11)),
            ("a: !secret x\n", Code::ConfigSyntax, None),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.code, code, "{text}: {}", refused.message);
            if let Some(place) = place {
                assert_eq!(refused.span.start..refused.span.end, place, "{text}");
            }
        }
    }

    #[test]
    fn bombs_are_refused() {
        let mut aliases = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..9 {
            let before = format!("*a{}", n - 1);
            aliases.push_str(&format!("a{n}: &a{n} [{}]\n", [before.as_str(); 10].join(", ")));
        }
        assert_eq!(read(&aliases).unwrap_err().code, Code::ConfigSyntax);
        let deep = format!("a: {}{}", "[".repeat(1_000), "]".repeat(1_000));
        assert_eq!(read(&deep).unwrap_err().code, Code::ConfigSyntax);
        assert_eq!(
            read(&"# ".repeat(BYTES_MAX)).unwrap_err().code,
            Code::ConfigSyntax
        );
    }
}
