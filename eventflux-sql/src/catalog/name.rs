//! Names: how a written name finds a declared one.

use sqlparser::ast::{Ident, ObjectName};

use crate::diagnostic::{SourceText, Span};

/// A name as written: its parts, and which of them are quoted.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// The parts without quotes.
    pub(crate) parts: Vec<NamePart>,
    /// Where it is written.
    pub(crate) span: Span,
}

/// A part of a name.
#[derive(Debug, Clone)]
pub(crate) struct NamePart {
    /// The part without quotes.
    pub(crate) value: String,
    /// A quoted part is found only as it is spelled.
    pub(crate) is_quoted: bool,
}

impl Name {
    /// A name of one part.
    pub(crate) fn of_ident(ident: &Ident, source: &SourceText) -> Self {
        Self {
            parts: vec![NamePart::of(ident)],
            span: source.span_of(ident.span),
        }
    }

    /// A name of several parts.
    pub(crate) fn of_idents(idents: &[Ident], source: &SourceText) -> Self {
        let spans = idents.iter().map(|ident| source.span_of(ident.span));
        Self {
            parts: idents.iter().map(NamePart::of).collect(),
            span: spans.reduce(Span::to).unwrap_or_default(),
        }
    }

    /// A relation's name. Parts that are function calls (no dialect of ours has them) are left out.
    pub(crate) fn of_object(name: &ObjectName, source: &SourceText) -> Self {
        let idents: Vec<Ident> = name
            .0
            .iter()
            .filter_map(|part| part.as_ident().cloned())
            .collect();
        Self::of_idents(&idents, source)
    }

    /// The name without quotes, parts joined by dots.
    pub(crate) fn text(&self) -> String {
        self.parts
            .iter()
            .map(|part| part.value.as_str())
            .collect::<Vec<_>>()
            .join(".")
    }

    /// Whether it names what was declared as `declared`.
    pub(crate) fn matches(&self, declared: &str) -> bool {
        match self.parts.as_slice() {
            [part] => part.matches(declared),
            parts => {
                let mut rest = declared;
                parts.iter().enumerate().all(|(position, part)| {
                    let is_last = position + 1 == parts.len();
                    let (head, tail) = if is_last {
                        (rest, "")
                    } else {
                        rest.split_once('.').unwrap_or((rest, ""))
                    };
                    rest = tail;
                    part.matches(head)
                })
            }
        }
    }
}

impl NamePart {
    pub(crate) fn of(ident: &Ident) -> Self {
        Self {
            value: ident.value.clone(),
            is_quoted: ident.quote_style.is_some(),
        }
    }

    /// Whether it names what was declared as `declared`.
    pub(crate) fn matches(&self, declared: &str) -> bool {
        if self.is_quoted {
            self.value == declared
        } else {
            is_same(&self.value, declared)
        }
    }
}

/// Whether two names are one, the case left aside.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    a == b
        || (a
            .chars()
            .flat_map(char::to_lowercase)
            .eq(b.chars().flat_map(char::to_lowercase)))
}

/// The index of the declared name that `ident` names.
pub(crate) fn find_name<'a>(ident: &Ident, mut declared: impl Iterator<Item = &'a str>) -> Option<usize> {
    let part = NamePart::of(ident);
    declared.position(|name| part.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(value: &str, is_quoted: bool) -> NamePart {
        NamePart {
            value: value.to_owned(),
            is_quoted,
        }
    }

    #[test]
    fn quoted_names_are_found_only_as_spelled() {
        assert!(part("USERID", false).matches("userId"));
        assert!(part("userId", true).matches("userId"));
        assert!(!part("userid", true).matches("userId"));
    }

    #[test]
    fn names_of_two_parts_match_part_by_part() {
        let name = Name {
            parts: vec![part("System", false), part("errors", false)],
            span: Span::default(),
        };
        assert!(name.matches("system.errors"));
        assert!(!name.matches("system"));
        assert!(!name.matches("system.other"));
    }
}
