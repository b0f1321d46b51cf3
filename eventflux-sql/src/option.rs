//! `WITH ('key' = 'value', …)`: options as written, with references kept as references.
//!
//! A value may hold `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}`, and the older spellings `${NAME}` and
//! `${NAME:default}`. They are parsed here and resolved by whoever may read the environment; the compiler never does,
//! so plans and logs can only ever show the reference.

use std::fmt;

use crate::diagnostic::Span;

/// One `key = value` of a `WITH` clause, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SqlOption {
    /// The key as written, without quotes; dots of a bare key included.
    pub key: String,
    /// Where the key is written.
    pub key_span: Span,
    /// The value.
    pub value: OptionValue,
}

/// A value: text with references in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OptionValue {
    /// What follows what. A value without references has one literal; the empty value has none.
    pub parts: Vec<OptionPart>,
    /// Where it is written, quotes included.
    pub span: Span,
}

/// A piece of an option's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OptionPart {
    /// Plain text.
    Literal(String),
    /// The environment variable of this name, or the default if it is not set.
    Env {
        /// Its name.
        name: String,
        /// What stands in if it is not set; without it, an unset variable is an error.
        default: Option<String>,
    },
    /// The content of a file, without a trailing line break.
    File {
        /// Its path.
        path: String,
    },
}

impl OptionValue {
    /// The text, if it holds no reference.
    pub fn as_literal(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                OptionPart::Literal(literal) => text.push_str(literal),
                OptionPart::Env { .. } | OptionPart::File { .. } => return None,
            }
        }
        Some(text)
    }
}

/// Prints references as references.
impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                OptionPart::Literal(text) => f.write_str(text)?,
                OptionPart::Env { name, default: None } => write!(f, "${{env:{name}}}")?,
                // The default may itself be a secret; it is not shown.
                OptionPart::Env {
                    name,
                    default: Some(_),
                } => write!(f, "${{env:{name}:-…}}")?,
                OptionPart::File { path } => write!(f, "${{file:{path}}}")?,
            }
        }
        Ok(())
    }
}
