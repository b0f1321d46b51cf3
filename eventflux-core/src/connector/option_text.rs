//! Option values as the user wrote them, with references that are resolved late and never printed.

use std::fmt;

/// A piece of an option's value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum OptionPart {
    /// Text.
    Literal(String),
    /// `${env:NAME}` or `${env:NAME:-default}`.
    Env {
        /// The variable's name.
        name: String,
        /// The value if it is not set.
        default: Option<String>,
    },
    /// `${file:/path}`: the file's content without its last newline.
    File {
        /// The path.
        path: String,
    },
}

/// An option's value before references are resolved. `Debug` and `Display` show references, never what they refer to.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct OptionText {
    /// The pieces, in order.
    pub parts: Vec<OptionPart>,
}

impl OptionText {
    /// A value without references.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![OptionPart::Literal(text.into())] }
    }

    /// The text, if there is no reference in it.
    pub fn as_literal(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                OptionPart::Literal(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl fmt::Display for OptionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            OptionPart::Literal(text) => f.write_str(text),
            OptionPart::Env { name, default: None } => write!(f, "${{env:{name}}}"),
            OptionPart::Env { name, default: Some(default) } => write!(f, "${{env:{name}:-{default}}}"),
            OptionPart::File { path } => write!(f, "${{file:{path}}}"),
        })
    }
}

impl fmt::Debug for OptionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// An option that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option `{key}`: {message}")]
pub struct OptionError {
    /// The key as the user wrote it, or the name of the missing one.
    pub key: String,
    /// What is wrong, one lower-case sentence.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
}

impl From<OptionError> for crate::Error {
    fn from(error: OptionError) -> Self {
        crate::Error::Option { key: error.key, message: error.message }
    }
}

/// The options of one stream: keys as the user wrote them, and values that are known, or not yet (a reference, while a
/// program is only checked).
#[derive(Clone, Default)]
pub struct Options {
    entries: Vec<(String, Option<String>)>,
}

impl Options {
    /// Options of which some values may be unknown (`None`).
    pub fn new(entries: Vec<(String, Option<String>)>) -> Self {
        Self { entries }
    }

    /// The options while a program is only checked: values with references are unknown.
    pub fn unresolved(options: &[(String, OptionText)]) -> Self {
        Self::new(options.iter().map(|(key, text)| (key.clone(), text.as_literal())).collect())
    }

    /// Keys and values, in the user's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_deref()))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|(key, _)| key)).finish()
    }
}
