//! The configuration of a node, from a file and the environment: `YAML NUL NAME=value lines`. It is read or refused, and what is
//! refused can be shown.
#![no_main]

use std::io;

use eventflux::connector::ResolveReference;
use eventflux::sql::diagnostic::render::{Colour, full};
use eventflux_cli::config::{Purpose, read_with_variables};
use libfuzzer_sys::fuzz_target;

/// Some variables are set, and there is one file.
struct Few;

impl ResolveReference for Few {
    fn env(&self, name: &str) -> Option<String> {
        name.starts_with('A').then(|| "1".to_owned())
    }

    fn file(&self, path: &str) -> io::Result<String> {
        match path.starts_with('/') {
            true => Ok("a\n".to_owned()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fuzz_target!(|text: &str| {
    let (yaml, variables) = text.split_once('\0').unwrap_or((text, ""));
    let variables: Vec<(String, String)> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (format!("EVENTFLUX_{name}"), value.to_owned()))
        .collect();
    if let Err(refused) = read_with_variables("node.yaml", yaml, &variables, Purpose::Node, &Few) {
        for wrong in refused {
            full(&wrong.source, &wrong.diagnostics, Colour::Never);
        }
    }
});
