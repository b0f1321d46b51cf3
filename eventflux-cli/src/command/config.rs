//! `eventflux config`: what is configured, and where it is from.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::app_text::Shown;
use crate::args::{ConfigCommand, Global, ShowFormat};
use crate::config::{self, Effective, LoadError, Origin, Process, Purpose};
use crate::exit::Exit;
use crate::print::{columns, to_stdout};
use crate::report;

/// Carries a command out.
pub fn config(command: &ConfigCommand, global: &Global, effective: &Effective) -> Exit {
    match command {
        ConfigCommand::Show { origin, format, .. } => show(effective, *origin, *format),
        ConfigCommand::Check { paths, format } => check(paths, Shown::new(*format, global)),
        ConfigCommand::Schema => {
            to_stdout(&format!("{:#}\n", config::schema()));
            Exit::Done
        }
    }
}

fn check(paths: &[PathBuf], shown: Shown) -> Exit {
    let checked = config::layers_of_files(paths)
        .and_then(|layers| Effective::new(layers, Purpose::Inspection, &Process).map_err(LoadError::Refused));
    match checked {
        Ok(_) => Exit::Done,
        Err(LoadError::Unreadable(message)) => {
            report::mistake(message);
            Exit::Usage
        }
        Err(LoadError::Refused(refused)) => {
            shown.show_refused(&refused);
            Exit::Usage
        }
    }
}

fn show(effective: &Effective, with_origin: bool, format: ShowFormat) -> Exit {
    let values = effective.shown(&Process);
    let values = values
        .into_iter()
        .filter(|(key, _)| key.starts_with("eventflux."));
    match format {
        ShowFormat::Text => {
            let lines = values.map(|(key, value)| {
                let origin = if with_origin {
                    told(&effective.origin(&key))
                } else {
                    String::new()
                };
                [key, value.unwrap_or_else(|| "-".to_owned()), origin]
            });
            to_stdout(&columns(&lines.collect::<Vec<_>>()));
        }
        ShowFormat::Json => {
            let entries = values.map(|(key, value)| {
                let entry = match with_origin {
                    true => json!({"value": value, "origin": parts(&effective.origin(&key))}),
                    false => json!(value),
                };
                (key, entry)
            });
            let object = Value::Object(entries.collect::<Map<_, _>>());
            to_stdout(&format!("{object:#}\n"));
        }
    }
    Exit::Done
}

/// An origin for people.
fn told(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(place) => place.clone(),
        Origin::Environment(name) => format!("environment {name}"),
        Origin::Flag(flag) => flag.clone(),
    }
}

/// An origin for programs.
fn parts(origin: &Origin) -> Value {
    match origin {
        Origin::Default => json!({"kind": "default"}),
        Origin::File(place) => json!({"kind": "file", "place": place}),
        Origin::Environment(name) => json!({"kind": "environment", "place": name}),
        Origin::Flag(flag) => json!({"kind": "flag", "place": flag}),
    }
}
