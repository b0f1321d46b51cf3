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
        Self {
            parts: vec![OptionPart::Literal(text.into())],
        }
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
            OptionPart::Env {
                name,
                default: Some(default),
            } => write!(f, "${{env:{name}:-{default}}}"),
            OptionPart::File { path } => write!(f, "${{file:{path}}}"),
        })
    }
}

impl fmt::Debug for OptionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
