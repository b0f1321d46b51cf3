//! A configuration as it was written: a tree of texts, each with its place.

use eventflux::sql::diagnostic::Span;
use figment::value::{Dict, Value};

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: NodeValue,
    pub(crate) span: Span,
}

/// What a value is. Numbers and the like are texts, too: the key decides how a text is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeValue {
    /// Nothing: as if the key were not there.
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// A map without entries.
    pub(crate) fn empty() -> Self {
        Self {
            value: NodeValue::Map(Vec::new()),
            span: Span::at(0),
        }
    }

    /// A text.
    pub(crate) fn text(text: impl Into<String>, span: Span) -> Self {
        Self {
            value: NodeValue::Text(text.into()),
            span,
        }
    }

    /// The entries, if it is a map.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            NodeValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a key, for changes.
    pub(crate) fn child_mut(&mut self, key: &str) -> Option<&mut Node> {
        let NodeValue::Map(entries) = &mut self.value else {
            return None;
        };
        let entry = entries.iter_mut().find(|entry| entry.key == key)?;
        Some(&mut entry.value)
    }

    /// The entry at a path. Elements of lists have their numbers for keys, and the list's entry.
    pub(crate) fn find<S: AsRef<str>>(&self, path: &[S]) -> Option<&Entry> {
        let (first, rest) = path.split_first()?;
        let entry = self.entry(first.as_ref())?;
        match rest.is_empty() || matches!(entry.value.value, NodeValue::List(_)) {
            true => Some(entry),
            false => entry.value.find(rest),
        }
    }

    /// The place of what is at a path: of the list's element, where it ends in one.
    pub(crate) fn span_of<S: AsRef<str>>(&self, path: &[S]) -> Option<Span> {
        let entry = self.find(path)?;
        let element = match &entry.value.value {
            NodeValue::List(elements) => path.last().and_then(|last| {
                let number: usize = last.as_ref().parse().ok()?;
                elements.get(number)
            }),
            _ => None,
        };
        Some(element.unwrap_or(&entry.value).span)
    }

    /// Whether there is a value at a dotted path.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('.').collect();
        self.find(&path)
            .is_some_and(|entry| entry.value.value != NodeValue::Null)
    }

    /// Takes the entry at a path out.
    pub(crate) fn remove<S: AsRef<str>>(&mut self, path: &[S]) -> Option<Entry> {
        let (first, rest) = path.split_first()?;
        if rest.is_empty() {
            let NodeValue::Map(entries) = &mut self.value else {
                return None;
            };
            let place = entries.iter().position(|entry| entry.key == first.as_ref())?;
            return Some(entries.remove(place));
        }
        let child = self.child_mut(first.as_ref())?;
        match child.value {
            NodeValue::Map(_) => child.remove(rest),
            // An element of a list goes with its list.
            NodeValue::List(_) => self.remove(&path[..1]),
            _ => None,
        }
    }

    /// Makes nothing of the value at a path; an element goes from its list.
    pub(crate) fn blank(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else {
            self.value = NodeValue::Null;
            return;
        };
        match &mut self.value {
            NodeValue::Map(entries) => {
                if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *first) {
                    entry.value.blank(rest);
                }
            }
            NodeValue::List(elements) => {
                let number: Option<usize> = first.parse().ok();
                if let Some(element) = number.and_then(|number| elements.get_mut(number)) {
                    element.blank(rest);
                }
            }
            NodeValue::Null | NodeValue::Text(_) => {}
        }
    }

    /// Makes an empty map of everything that is nothing.
    pub(crate) fn null_to_empty(&mut self) {
        match &mut self.value {
            NodeValue::Null => self.value = NodeValue::Map(Vec::new()),
            NodeValue::Map(entries) => entries.iter_mut().for_each(|entry| entry.value.null_to_empty()),
            NodeValue::Text(_) | NodeValue::List(_) => {}
        }
    }

    /// Puts a value at a path; what is on the way and no map becomes one.
    pub(crate) fn put<S: AsRef<str>>(&mut self, path: &[S], key_span: Span, value: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self.value, NodeValue::Map(_)) {
            self.value = NodeValue::Map(Vec::new());
        }
        if self.entry(first.as_ref()).is_none()
            && let NodeValue::Map(entries) = &mut self.value
        {
            entries.push(Entry {
                key: first.as_ref().to_owned(),
                key_span,
                value: Node {
                    value: NodeValue::Null,
                    span: value.span,
                },
            });
        }
        if let Some(child) = self.child_mut(first.as_ref()) {
            child.put(rest, key_span, value);
        }
    }

    /// As figment has it; what is nothing is left out.
    pub(crate) fn to_dict(&self) -> Dict {
        let mut dict = Dict::new();
        for entry in self.entries() {
            if let Some(value) = entry.value.to_value() {
                dict.insert(entry.key.clone(), value);
            }
        }
        dict
    }

    fn to_value(&self) -> Option<Value> {
        Some(match &self.value {
            NodeValue::Null => return None,
            NodeValue::Text(text) => Value::from(text.as_str()),
            NodeValue::List(elements) => {
                let values: Vec<Value> = elements.iter().filter_map(Node::to_value).collect();
                Value::from(values)
            }
            NodeValue::Map(_) => Value::from(self.to_dict()),
        })
    }

    /// Every text with its path, in order.
    pub(crate) fn texts(&self) -> Vec<(Vec<String>, &str, Span)> {
        let mut texts = Vec::new();
        self.collect(&mut Vec::new(), &mut texts);
        texts
    }

    fn collect<'a>(&'a self, path: &mut Vec<String>, texts: &mut Vec<(Vec<String>, &'a str, Span)>) {
        match &self.value {
            NodeValue::Null => {}
            NodeValue::Text(text) => texts.push((path.clone(), text, self.span)),
            NodeValue::List(elements) => {
                for (number, element) in elements.iter().enumerate() {
                    path.push(number.to_string());
                    element.collect(path, texts);
                    path.pop();
                }
            }
            NodeValue::Map(entries) => {
                for entry in entries {
                    path.push(entry.key.clone());
                    entry.value.collect(path, texts);
                    path.pop();
                }
            }
        }
    }
}
