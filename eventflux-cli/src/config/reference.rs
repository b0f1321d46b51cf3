//! `${env:NAME}` and `${file:/path}` within values.

use std::io;

use eventflux::connector::{ProcessReferences, ResolveReference};
use eventflux::sql::diagnostic::{Code, Diagnostic, Span};
use eventflux::sql::option::{OptionPart, OptionValue};

use super::value::MASK;

/// Variables that name a machine. What they hold is no secret, and is shown.
const PLAIN: [&str; 6] = [
    "HOSTNAME",
    "NODE_IP",
    "NODE_NAME",
    "POD_IP",
    "POD_NAME",
    "POD_NAMESPACE",
];

/// Stores of secrets that other programs read for themselves.
const FOREIGN: [&str; 1] = ["vault://"];

/// A value of which a part is not known before it is looked up.
#[derive(Debug)]
pub(crate) struct Template(OptionValue);

/// Reads a value; `None` if it refers to nothing, and holds no `$${` either.
///
/// **Errors** The reference cannot be read, or is one that somebody else has to resolve.
pub(crate) fn parse(text: &str, span: Span) -> Result<Option<Template>, Diagnostic> {
    if let Some(scheme) = FOREIGN
        .into_iter()
        .find(|scheme| text.trim_start().starts_with(scheme))
    {
        let message = format!("references of the kind `{scheme}` are not followed");
        return Err(Diagnostic::error(Code::InvalidValue, span, message)
            .with_help("let Vault's agent or CSI driver write the secret to a file, and write `${file:/path/of/it}` here")
            .with_help("or to a variable, and write `${env:NAME}`"));
    }
    if !text.contains("${") {
        return Ok(None);
    }
    match OptionValue::parse(text, span) {
        Ok(value) => Ok(Some(Template(value))),
        Err(mut diagnostic) => {
            diagnostic.code = Code::InvalidValue;
            Err(diagnostic)
        }
    }
}

impl Template {
    /// The text, if it can be known without looking anything up.
    pub(crate) fn as_literal(&self) -> Option<String> {
        self.0.as_literal()
    }

    /// The text, looked up.
    ///
    /// **Errors** What it refers to is not there.
    pub(crate) fn resolve(&self, references: &dyn ResolveReference) -> Result<String, Diagnostic> {
        let missing = |message: String, help: String| {
            Diagnostic::error(Code::UnresolvedReference, self.0.span, message).with_help(help)
        };
        let mut text = String::new();
        for part in &self.0.parts {
            match part {
                OptionPart::Literal(literal) => text.push_str(literal),
                OptionPart::Env { name, default } => match (references.env(name), default) {
                    (Some(set), _) => text.push_str(&set),
                    (None, Some(default)) => text.push_str(default),
                    (None, None) => {
                        let help = match name.as_str() {
                            "NODE_IP" | "POD_IP" => format!(
                                "in Kubernetes, set `{name}` from `status.podIP`; elsewhere `export {name}=…`"
                            ),
                            _ => format!("`export {name}=…`, or give a default: `${{env:{name}:-default}}`"),
                        };
                        return Err(missing(
                            format!("the environment variable `{name}` is not set"),
                            help,
                        ));
                    }
                },
                OptionPart::File { path } => match references.file(path) {
                    Ok(content) => {
                        let content = content.strip_suffix('\n').unwrap_or(&content);
                        text.push_str(content.strip_suffix('\r').unwrap_or(content));
                    }
                    Err(error) => {
                        let message = format!("cannot read the file `{path}`: {error}");
                        return Err(missing(message, "is the secret mounted there?".to_owned()));
                    }
                },
            }
        }
        Ok(text)
    }

    /// The text with names of machines looked up, and every other reference as it is written.
    pub(crate) fn shown(&self, references: &dyn ResolveReference) -> String {
        let parts = self.0.parts.iter().map(|part| match part {
            OptionPart::Literal(literal) => literal.clone(),
            OptionPart::Env { name, default } if PLAIN.contains(&name.as_str()) => {
                let known = references.env(name).or_else(|| default.clone());
                known.unwrap_or_else(|| format!("${{env:{name}}}"))
            }
            OptionPart::Env { name, default: None } => format!("${{env:{name}}}"),
            OptionPart::Env { name, .. } => format!("${{env:{name}:-{MASK}}}"),
            OptionPart::File { path } => format!("${{file:{path}}}"),
        });
        parts.collect()
    }
}

/// The environment and the files of this process; `HOSTNAME` is known without its variable, which shells do not export.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process;

impl ResolveReference for Process {
    fn env(&self, name: &str) -> Option<String> {
        ProcessReferences.env(name).or_else(|| {
            let is_known = name == "HOSTNAME";
            let read = is_known.then(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())?;
            read.map(|hostname| hostname.trim().to_owned())
        })
    }

    fn file(&self, path: &str) -> io::Result<String> {
        ProcessReferences.file(path)
    }
}
