//! The `WITH` clause of a relation: its connector, what the engine takes for itself, and the rest.

use eventflux_core::connector::{OptionError, OptionPart, OptionText, Registry};

use super::engine_option::ENGINE_KEYS;
use super::{EngineOptions, Role};
use crate::diagnostic::{Code, Diagnostic, Span, closest, did_you_mean};
use crate::option::{OptionPart as SqlPart, OptionValue, SqlOption};

/// A connector as a relation uses it.
#[derive(Debug, Clone)]
pub(crate) struct ConnectorUse {
    /// Its name, as the registry has it.
    pub(crate) name: String,
    /// Where the name is written.
    pub(crate) name_span: Span,
    /// `'type' = 'source' | 'sink'`.
    pub(crate) role: Option<(Role, Span)>,
    /// The options of the connector and of its format.
    pub(crate) options: Vec<(String, OptionText)>,
    /// Where each option's key and value are written.
    spans: Vec<(Span, Span)>,
}

impl ConnectorUse {
    /// The connector's complaint about its options, at the option that it names.
    pub(crate) fn diagnostic(&self, error: &OptionError) -> Diagnostic {
        let place = self.options.iter().position(|(key, _)| *key == error.key);
        let Some((key_span, value_span)) = place.map(|index| self.spans[index]) else {
            let message = format!("option `{}` {}", error.key, error.message);
            return Diagnostic::error(Code::MissingOption, self.name_span, message)
                .with_help_opt(error.help.clone());
        };
        let is_unknown = error.message.starts_with("there is no such option");
        let (code, span) = if is_unknown {
            (Code::UnknownOption, key_span)
        } else {
            (Code::InvalidOption, value_span)
        };
        let message = match is_unknown {
            true => error.message.replace(
                "there is no such option",
                &format!("there is no option `{}`", error.key),
            ),
            false => format!("option `{}`: {}", error.key, error.message),
        };
        Diagnostic::error(code, span, message).with_help_opt(error.help.clone())
    }

    /// Where the option of this key is written.
    pub(crate) fn value_span(&self, key: &str) -> Option<Span> {
        let place = self.options.iter().position(|(known, _)| known == key)?;
        Some(self.spans[place].1)
    }
}

/// What a `WITH` clause says.
pub(crate) struct With {
    /// The connector; `None` without one.
    pub(crate) connector: Option<ConnectorUse>,
    /// What the engine carries out.
    pub(crate) engine: EngineOptions,
}

/// Reads a `WITH` clause.
pub(crate) fn read_with(options: &[SqlOption], registry: &Registry) -> Result<With, Vec<Diagnostic>> {
    let mut engine = EngineOptions::default();
    let mut diagnostics = Vec::new();
    let mut connector: Option<(String, Span)> = None;
    let mut role = None;
    let mut rest = Vec::new();
    for option in options {
        let taken = match option.key.as_str() {
            "connector" | "extension" => connector_name(option, registry).map(|name| {
                connector = Some(name);
            }),
            "type" => read_role(option).map(|found| role = Some((found, option.value.span))),
            _ => match engine.take(option) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    rest.push(option);
                    Ok(())
                }
                Err(diagnostic) => Err(diagnostic),
            },
        };
        diagnostics.extend(taken.err());
    }
    diagnostics.extend(engine.check().err());
    let named_connector = options
        .iter()
        .any(|option| matches!(option.key.as_str(), "connector" | "extension"));
    if !named_connector {
        diagnostics.extend(rest.iter().map(|option| without_connector(option)));
        diagnostics.extend(role.map(|(_, span)| {
            Diagnostic::error(
                Code::InvalidOption,
                span,
                "a stream without a connector is neither source nor sink",
            )
        }));
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let connector = connector.map(|(name, name_span)| ConnectorUse {
        name,
        name_span,
        role,
        options: rest
            .iter()
            .map(|option| (option.key.clone(), text_of(&option.value)))
            .collect(),
        spans: rest
            .iter()
            .map(|option| (option.key_span, option.value.span))
            .collect(),
    });
    Ok(With { connector, engine })
}

fn connector_name(option: &SqlOption, registry: &Registry) -> Result<(String, Span), Diagnostic> {
    let span = option.value.span;
    let Some(name) = option.value.as_literal() else {
        let message = "the connector has to be written out, since it decides which options there are";
        return Err(Diagnostic::error(Code::InvalidOption, span, message));
    };
    let mut names: Vec<&str> = registry.sources().map(|source| source.doc().name).collect();
    names.extend(registry.sinks().map(|sink| sink.doc().name));
    names.sort_unstable();
    names.dedup();
    let found = names.iter().find(|known| known.eq_ignore_ascii_case(&name));
    match found {
        Some(known) => Ok(((*known).to_owned(), span)),
        None => {
            let message = format!("there is no connector `{name}`");
            let help = match closest(&name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the connectors are {}", names.join(", ")),
            };
            Err(Diagnostic::error(Code::UnknownConnector, span, message).with_help(help))
        }
    }
}

fn read_role(option: &SqlOption) -> Result<Role, Diagnostic> {
    match option.value.as_literal().as_deref() {
        Some("source") => Ok(Role::Source),
        Some("sink") => Ok(Role::Sink),
        _ => Err(Diagnostic::error(
            Code::InvalidOption,
            option.value.span,
            "`type` is `source` or `sink`",
        )),
    }
}

fn without_connector(option: &SqlOption) -> Diagnostic {
    let message = format!("a stream without a connector has no option `{}`", option.key);
    let help = did_you_mean(&option.key, ENGINE_KEYS.iter().copied().chain(["connector"]))
        .unwrap_or_else(|| "name the connector: `'connector' = '…'`".to_owned());
    Diagnostic::error(Code::UnknownOption, option.key_span, message).with_help(help)
}

/// The value as the engine keeps it.
fn text_of(value: &OptionValue) -> OptionText {
    let parts = value.parts.iter().map(|part| match part {
        SqlPart::Literal(text) => OptionPart::Literal(text.clone()),
        SqlPart::Env { name, default } => OptionPart::Env {
            name: name.clone(),
            default: default.clone(),
        },
        SqlPart::File { path } => OptionPart::File { path: path.clone() },
    });
    OptionText {
        parts: parts.collect(),
    }
}
