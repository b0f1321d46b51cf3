//! References in option values become text, at the start of a run.

use std::io;

use super::{OptionPart, OptionText, Options};
use crate::error::{Error, Result};

/// Where `${env:…}` and `${file:…}` are looked up.
pub trait ResolveReference: Send + Sync {
    /// The value of an environment variable, if it is set.
    fn env(&self, name: &str) -> Option<String>;

    /// The content of a file.
    fn file(&self, path: &str) -> io::Result<String>;
}

/// The environment and the files of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessReferences;

impl ResolveReference for ProcessReferences {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> io::Result<String> {
        std::fs::read_to_string(path)
    }
}

impl Options {
    /// The options with all references resolved.
    ///
    /// **Errors** A variable is not set and has no default, or a file cannot be read; the error names the option's key, and
    /// never shows a value.
    pub fn resolved(options: &[(String, OptionText)], references: &dyn ResolveReference) -> Result<Self> {
        let entries = options
            .iter()
            .map(|(key, text)| Ok((key.clone(), Some(resolve(key, text, references)?))));
        Ok(Self::new(entries.collect::<Result<_>>()?))
    }
}

fn resolve(key: &str, text: &OptionText, references: &dyn ResolveReference) -> Result<String> {
    let refused = |message: String| Error::Option {
        key: key.to_owned(),
        message,
    };
    let mut value = String::new();
    for part in &text.parts {
        match part {
            OptionPart::Literal(literal) => value.push_str(literal),
            OptionPart::Env { name, default } => match (references.env(name), default) {
                (Some(set), _) => value.push_str(&set),
                (None, Some(default)) => value.push_str(default),
                (None, None) => return Err(refused(format!("environment variable `{name}` is not set"))),
            },
            OptionPart::File { path } => match references.file(path) {
                Ok(content) => {
                    let content = content.strip_suffix('\n').unwrap_or(&content);
                    value.push_str(content.strip_suffix('\r').unwrap_or(content));
                }
                Err(error) => return Err(refused(format!("cannot read file `{path}`: {error}"))),
            },
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl ResolveReference for Fixed {
        fn env(&self, name: &str) -> Option<String> {
            (name == "HOST").then(|| "h1".to_owned())
        }

        fn file(&self, path: &str) -> io::Result<String> {
            match path {
                "/secret" => Ok("s3cret\n\n".to_owned()),
                _ => Err(io::Error::from(io::ErrorKind::NotFound)),
            }
        }
    }

    fn env(name: &str, default: Option<&str>) -> OptionPart {
        OptionPart::Env {
            name: name.into(),
            default: default.map(str::to_owned),
        }
    }

    fn resolve_parts(parts: Vec<OptionPart>) -> Result<String, String> {
        let options = [("brokers".to_owned(), OptionText { parts })];
        let options = Options::resolved(&options, &Fixed).map_err(|error| error.to_string())?;
        let value = options.iter().next().and_then(|(_, value)| value);
        value.map(str::to_owned).ok_or_else(|| "unknown".to_owned())
    }

    #[test]
    fn references_become_part_of_the_value() {
        let parts = vec![
            env("HOST", Some("h0")),
            OptionPart::Literal(":".into()),
            env("PORT", Some("9092")),
        ];
        assert_eq!(resolve_parts(parts).unwrap(), "h1:9092");
        let file = OptionPart::File {
            path: "/secret".into(),
        };
        assert_eq!(resolve_parts(vec![file]).unwrap(), "s3cret\n");
    }

    #[test]
    fn what_cannot_be_resolved_names_the_option() {
        let unset = resolve_parts(vec![env("PORT", None)]).unwrap_err();
        assert_eq!(unset, "option `brokers`: environment variable `PORT` is not set");
        let missing = resolve_parts(vec![OptionPart::File { path: "/none".into() }]).unwrap_err();
        assert!(
            missing.starts_with("option `brokers`: cannot read file `/none`: "),
            "{missing}"
        );
    }
}
