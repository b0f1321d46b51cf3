//! Texts whose secrets are hidden, so that diagnostics may quote them. Nothing moves: a hidden byte is a `*`.

use std::ops::Range;

use super::key::{is_address, is_secret, keys};
use super::tree::{Entry, Node, NodeValue};
use super::value::{MASK, hidden_parts, shown_address};

/// Words in the names of keys that hold secrets, for texts that cannot be read.
const WORDS: [&str; 7] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "access_key",
    "private",
];

/// A text that could be read: values of secret keys, of keys that there are not (they may be misspelled), and passwords of addresses.
pub(super) fn read(text: &str, tree: &Node) -> String {
    let mut hidden = Vec::new();
    collect(tree, &mut Vec::new(), &mut hidden);
    hide(text, hidden)
}

/// A text that could not be read: its keys and its signs stay, which is where the mistake is.
pub(super) fn unread(text: &str) -> String {
    let mut hidden = Vec::new();
    let mut start = 0;
    // What is below a key that sounds secret is hidden whatever it looks like: a block, or a list.
    let mut depth = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let key_end = line
            .find([':', '='])
            .filter(|end| is_key(&line[..*end]))
            .unwrap_or(0);
        let is_below = depth.is_some_and(|depth| indent > depth);
        if !is_below {
            let name = line[..key_end].to_lowercase();
            depth = WORDS.iter().any(|word| name.contains(word)).then_some(indent);
        }
        let from = if is_below { 0 } else { key_end };
        let letters = line[from..].char_indices().filter(|(_, c)| c.is_alphanumeric());
        hidden.extend(letters.map(|(at, c)| start + from + at..start + from + at + c.len_utf8()));
        start += line.len();
    }
    hide(text, hidden)
}

/// Whether what stands before a colon looks like a key.
fn is_key(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '-', '{', '"', '\'']);
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"' | '\'' | ' ');
    text.len() <= 40 && text.chars().all(is_sign)
}

fn collect(node: &Node, path: &mut Vec<String>, hidden: &mut Vec<Range<usize>>) {
    for entry in node.entries() {
        path.push(entry.key.clone());
        if is_secret(path) || !is_known(path) {
            cover(&entry.value, hidden);
        } else if is_address(path) {
            let texts = entry.value.texts().into_iter();
            let without_sense = texts.filter(|(_, text, _)| shown_address(text) == MASK);
            hidden.extend(without_sense.map(|(_, _, span)| span.start..span.end));
        } else {
            collect(&entry.value, path, hidden);
        }
        path.pop();
    }
}

/// Everything below, wherever an alias has brought it from.
fn cover(node: &Node, hidden: &mut Vec<Range<usize>>) {
    hidden.push(node.span.start..node.span.end);
    match &node.value {
        NodeValue::List(elements) => elements.iter().for_each(|element| cover(element, hidden)),
        NodeValue::Map(entries) => {
            for Entry { key_span, value, .. } in entries {
                hidden.push(key_span.start..key_span.end);
                cover(value, hidden);
            }
        }
        NodeValue::Null | NodeValue::Text(_) => {}
    }
}

fn is_known(path: &[String]) -> bool {
    keys().iter().any(|key| {
        let mut names = key.path.split('.');
        path.iter()
            .all(|name| names.next().is_some_and(|known| known == "*" || known == name))
    })
}

fn hide(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.extend(hidden_parts(text));
    let mut bytes = text.as_bytes().to_vec();
    for range in hidden {
        let end = text.ceil_char_boundary(range.end.min(text.len()));
        let start = text.floor_char_boundary(range.start.min(end));
        for byte in &mut bytes[start..end] {
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    // Whole characters were replaced.
    String::from_utf8(bytes).unwrap_or_default()
}
