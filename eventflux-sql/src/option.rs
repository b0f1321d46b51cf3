//! `WITH ('key' = 'value', …)`: options as written, with references kept as references.
//!
//! A value may hold `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}`, and the older spellings `${NAME}` and
//! `${NAME:default}`. They are parsed here and resolved by whoever may read the environment; the compiler never does,
//! so plans and logs can only ever show the reference.

//!
//! `$${` stands for a plain `${`. A reference ends at the first `}`.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Span, closest};

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
    /// A value without references.
    pub fn literal(text: impl Into<String>, span: Span) -> Self {
        let text = text.into();
        let parts = if text.is_empty() {
            Vec::new()
        } else {
            vec![OptionPart::Literal(text)]
        };
        Self { parts, span }
    }

    /// Reads the text of a value (without its quotes), which stands at `span`.
    pub fn parse(text: &str, span: Span) -> Result<Self, Diagnostic> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find("${") {
            let is_escaped = rest[..dollar].ends_with('$');
            let behind = &rest[dollar + 2..];
            if is_escaped {
                literal.push_str(&rest[..dollar - 1]);
                literal.push_str("${");
                rest = behind;
                continue;
            }
            literal.push_str(&rest[..dollar]);
            let Some(close) = behind.find('}') else {
                return Err(invalid(span, "the reference `${` is never closed")
                    .with_help("close it with `}`, or write `$${` for the characters themselves"));
            };
            if !literal.is_empty() {
                parts.push(OptionPart::Literal(std::mem::take(&mut literal)));
            }
            parts.push(reference(&behind[..close], span)?);
            rest = &behind[close + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(OptionPart::Literal(literal));
        }
        Ok(Self { parts, span })
    }

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

fn invalid(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::InvalidOption, span, message)
}

/// What stands between `${` and `}`.
fn reference(text: &str, span: Span) -> Result<OptionPart, Diagnostic> {
    if text.contains("${") {
        return Err(invalid(span, "a reference cannot stand within a reference"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        if path.is_empty() {
            return Err(
                invalid(span, "`${file:}` names no file").with_help("write `${file:/run/secrets/name}`")
            );
        }
        return Ok(OptionPart::File {
            path: path.to_string(),
        });
    }
    if let Some(text) = text.strip_prefix("env:") {
        let (name, default) = match text.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (text, None),
        };
        return variable(name, default, span);
    }
    let (name, default) = match text.split_once(':') {
        // The shell's spelling of a default.
        Some((name, default)) => (name, Some(default.strip_prefix('-').unwrap_or(default))),
        None => (text, None),
    };
    if default.is_some()
        && let Some(kind) = closest(name, ["env", "file"])
    {
        return Err(
            invalid(span, format!("there are no references of the kind `{name}`"))
                .with_help(format!("did you mean `${{{kind}:…}}`?")),
        );
    }
    variable(name, default, span)
}

fn variable(name: &str, default: Option<&str>, span: Span) -> Result<OptionPart, Diagnostic> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_name = name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit());
    if !is_name {
        return Err(invalid(
            span,
            format!("`{}` is no name of an environment variable", name.escape_debug()),
        )
        .with_help("write `${env:NAME}`, `${env:NAME:-default}` or `${file:/path}`"));
    }
    Ok(OptionPart::Env {
        name: name.to_string(),
        default: default.map(str::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<OptionPart>, String> {
        OptionValue::parse(text, Span::default())
            .map(|value| value.parts)
            .map_err(|error| error.message)
    }

    fn env(name: &str, default: Option<&str>) -> OptionPart {
        OptionPart::Env {
            name: name.into(),
            default: default.map(str::to_string),
        }
    }

    fn literal(text: &str) -> OptionPart {
        OptionPart::Literal(text.into())
    }

    #[test]
    fn references_keep_their_kind_and_default() {
        assert_eq!(parse("${env:HOST}"), Ok(vec![env("HOST", None)]));
        assert_eq!(
            parse("${env:HOST:-a:9092}"),
            Ok(vec![env("HOST", Some("a:9092"))])
        );
        assert_eq!(parse("${HOST}"), Ok(vec![env("HOST", None)]));
        assert_eq!(
            parse("${HOST:localhost}"),
            Ok(vec![env("HOST", Some("localhost"))])
        );
        assert_eq!(
            parse("${HOST:-localhost}"),
            Ok(vec![env("HOST", Some("localhost"))])
        );
        assert_eq!(
            parse("${file:/run/secrets/x}"),
            Ok(vec![OptionPart::File {
                path: "/run/secrets/x".into()
            }])
        );
    }

    #[test]
    fn text_around_references_is_kept() {
        assert_eq!(
            parse("a-${env:X}:${Y:1}/b"),
            Ok(vec![
                literal("a-"),
                env("X", None),
                literal(":"),
                env("Y", Some("1")),
                literal("/b")
            ])
        );
        assert_eq!(parse("cost: $5"), Ok(vec![literal("cost: $5")]));
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn a_doubled_dollar_is_a_plain_one() {
        assert_eq!(
            parse("$${not a reference}"),
            Ok(vec![literal("${not a reference}")])
        );
    }

    #[test]
    fn broken_references_are_refused() {
        for text in [
            "${HOST",
            "${}",
            "${env:}",
            "${env:a b}",
            "${file:}",
            "${1A}",
            "${fiel:/x}",
            "${evn:X}",
            "${A:${B}}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn defaults_are_not_printed() {
        let value = OptionValue::parse("u:${env:PASSWORD:-hunter2}@h", Span::default()).unwrap();
        assert_eq!(value.to_string(), "u:${env:PASSWORD:-…}@h");
        assert_eq!(value.as_literal(), None);
    }
}
