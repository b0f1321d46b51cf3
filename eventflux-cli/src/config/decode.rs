//! Texts to typed keys, with every mistake and not just the first.

use eventflux::sql::diagnostic::{Code, Diagnostic, Span, closest};
use figment::error::{Actual, Kind as ErrorKind};
use figment::value::{Dict, Value};
use serde::Deserialize;

use super::key::{is_address, is_secret, keys};
use super::model::Config;
use super::value::{shown_address, without_passwords};

/// Mistakes of one layer that are told at once.
const MISTAKES_MAX: usize = 50;

/// Something that is wrong with the value, or the name, at a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mistake {
    pub(crate) code: Code,
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Mistake {
    /// At a dotted path.
    pub(crate) fn new(code: Code, path: &str, message: impl Into<String>, help: Option<&str>) -> Self {
        Self {
            code,
            path: path.split('.').map(str::to_owned).collect(),
            message: message.into(),
            help: help.map(str::to_owned),
        }
    }

    /// Whether it is the key that is wrong, whatever its value.
    pub(crate) fn is_of_key(&self) -> bool {
        !matches!(self.code, Code::InvalidValue)
    }

    /// At its place.
    pub(crate) fn at(self, span: Span) -> Diagnostic {
        Diagnostic::error(self.code, span, self.message).with_help_opt(self.help)
    }
}

/// Reads the keys; what is wrong is left out and told.
pub(crate) fn decode(mut dict: Dict) -> (Config, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    while mistakes.len() < MISTAKES_MAX {
        match Config::deserialize(&Value::from(dict.clone())) {
            Ok(config) => return (config, mistakes),
            Err(error) => {
                let is_removed = remove(&mut dict, &error.path);
                mistakes.push(mistake(error));
                if !is_removed {
                    break;
                }
            }
        }
    }
    (Config::default(), mistakes)
}

/// Takes the value at a path out, a list's element with its list.
pub(crate) fn remove(dict: &mut Dict, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match dict.get_mut(first) {
        Some(Value::Dict(_, inner)) if !rest.is_empty() => remove(inner, rest),
        _ => dict.remove(first).is_some(),
    }
}

fn mistake(error: figment::Error) -> Mistake {
    let path = error.path;
    let is_number = |name: &String| name.chars().all(|c| c.is_ascii_digit());
    let name = path
        .iter()
        .rfind(|name| !is_number(name))
        .cloned()
        .unwrap_or_default();
    let (code, message, help) = match error.kind {
        ErrorKind::UnknownField(unknown, known) => {
            let above = path[..path.len().saturating_sub(1)].join(".");
            let place = match above.as_str() {
                "" => "at the top of a configuration".to_owned(),
                above => format!("in `{above}`"),
            };
            let message = format!("there is no key `{unknown}` {place}");
            (Code::UnknownKey, message, suggestion(&unknown, known))
        }
        ErrorKind::UnknownVariant(found, known) => {
            let found = if is_address(&path) {
                shown_address(&found)
            } else {
                found
            };
            let choices = known.join(", ");
            let help = closest(&found, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let message = match known {
                [one] => format!("`{name}`: expected `{one}`, found `{found}`"),
                _ => format!("`{name}`: expected one of {choices}, found `{found}`"),
            };
            (Code::InvalidValue, message, help)
        }
        ErrorKind::InvalidType(actual, expected) => {
            let message = format!("`{name}`: expected {}, found {}", said(&expected), found(&actual));
            (Code::InvalidValue, message, None)
        }
        ErrorKind::Message(message) => (Code::InvalidValue, format!("`{name}`: {message}"), None),
        other => (Code::InvalidValue, format!("`{name}`: {other}"), None),
    };
    let message = match is_secret(&path) && code == Code::InvalidValue {
        true => format!("`{name}`: expected text"),
        false => without_passwords(&message),
    };
    Mistake {
        code,
        path,
        message,
        help,
    }
}

fn suggestion(unknown: &str, known: &[&str]) -> Option<String> {
    if let Some(near) = closest(unknown, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let elsewhere = keys().iter().find_map(|key| {
        let names: Vec<&str> = key.path.split('.').collect();
        let place = names.iter().position(|name| *name == unknown)?;
        Some(names[..place].join("."))
    });
    Some(match elsewhere {
        Some(above) if !above.is_empty() => format!("`{unknown}` stands below `{above}`"),
        _ => format!("the keys here are {}", known.join(", ")),
    })
}

/// How serde speaks of types, in the words of a reader.
fn said(expected: &str) -> &str {
    match expected.split(' ').next() {
        Some("struct") => "keys below it",
        Some("enum" | "variant") => "a word",
        _ => expected,
    }
}

fn found(actual: &Actual) -> String {
    match actual {
        Actual::Map => "keys below it".to_owned(),
        Actual::Seq => "a list".to_owned(),
        Actual::Str(text) => format!("`{text}`"),
        Actual::Unit | Actual::Option => "nothing".to_owned(),
        other => other.to_string(),
    }
}
