//! The environment as a layer.

use std::collections::BTreeSet;

use clap::CommandFactory;
use eventflux::sql::diagnostic::closest;

use super::key::keys;
use super::layer::{Layer, LayerKind, Refused};
use crate::args::Cli;

/// What all variables of the command begin with.
const PREFIX: &str = "EVENTFLUX_";
/// What tests of the command itself use.
const TESTS: &str = "EVENTFLUX_TEST_";
/// Variables without a flag.
const OTHERS: [&str; 1] = ["EVENTFLUX_LOG"];

/// A layer of the variables that set keys.
pub(crate) fn layer(variables: &[(String, String)]) -> Result<Layer, Refused> {
    let entries = keys().iter().filter_map(|key| {
        let env = key.env.as_ref()?;
        let (_, value) = variables.iter().find(|(name, _)| name == env)?;
        let path = key.path.split('.').map(str::to_owned).collect();
        Some((path, env.clone(), value.clone()))
    });
    Layer::of_entries(LayerKind::Environment, "environment", entries)
}

/// The variables of this process that are the command's, as far as they are text.
pub(crate) fn variables() -> Vec<(String, String)> {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        // What is not text cannot be right anywhere, and is said to be wrong.
        name.starts_with(PREFIX)
            .then(|| (name, value.to_string_lossy().into_owned()))
    });
    let mut variables: Vec<_> = variables.collect();
    variables.sort();
    variables
}

/// Variables that look like the command's and are not, each with the one that may be meant.
///
/// They are no error: users share environments, and Kubernetes makes variables of the names of services.
pub(crate) fn unknown(variables: &[(String, String)]) -> Vec<(String, Option<String>)> {
    let known = known();
    let unknown = variables.iter().map(|(name, _)| name);
    unknown
        .filter(|name| !known.contains(*name) && !name.starts_with(TESTS) && !is_of_kubernetes(name))
        .map(|name| {
            (
                name.clone(),
                closest(name, known.iter().map(String::as_str)).map(str::to_owned),
            )
        })
        .collect()
}

fn known() -> BTreeSet<String> {
    fn collect(command: &clap::Command, known: &mut BTreeSet<String>) {
        let names = command.get_arguments().filter_map(|argument| argument.get_env());
        known.extend(names.map(|name| name.to_string_lossy().into_owned()));
        command
            .get_subcommands()
            .for_each(|command| collect(command, known));
    }
    let mut known: BTreeSet<String> = keys().iter().filter_map(|key| key.env.clone()).collect();
    known.extend(OTHERS.map(str::to_owned));
    collect(&Cli::command(), &mut known);
    known
}

/// `EVENTFLUX_SERVICE_HOST`, `EVENTFLUX_PORT_8080_TCP_ADDR`: a service named `eventflux…` gives them to every pod.
fn is_of_kubernetes(name: &str) -> bool {
    let has_port = |(_, rest): (&str, &str)| {
        let mut words = rest.split('_');
        let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        words.next().is_some_and(is_number)
            && matches!(words.next(), Some("TCP" | "UDP" | "SCTP"))
            && matches!(words.next(), None | Some("PROTO" | "PORT" | "ADDR"))
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.rsplit_once("_PORT_").is_some_and(has_port)
        || name.split_once("_PORT_").is_some_and(has_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown_of(names: &[&str]) -> Vec<(String, Option<String>)> {
        let variables: Vec<_> = names
            .iter()
            .map(|name| ((*name).to_owned(), String::new()))
            .collect();
        unknown(&variables)
    }

    #[test]
    fn a_misspelled_variable_is_noticed() {
        let found = unknown_of(&[
            "EVENTFLUX_PARALELISM",
            "EVENTFLUX_NODE_ID",
            "EVENTFLUX_LOG",
            "EVENTFLUX_TEST_X",
        ]);
        let meant = Some("EVENTFLUX_PARALLELISM".to_owned());
        assert_eq!(found, [("EVENTFLUX_PARALELISM".to_owned(), meant)]);
    }

    #[test]
    fn variables_that_kubernetes_makes_are_not_spoken_of() {
        let made = [
            "EVENTFLUX_SERVICE_HOST",
            "EVENTFLUX_SERVICE_PORT",
            "EVENTFLUX_SERVICE_PORT_TRANSPORT",
            "EVENTFLUX_PORT",
            "EVENTFLUX_PORT_8080_TCP",
            "EVENTFLUX_PORT_8080_TCP_ADDR",
            "EVENTFLUX_PORT_8080_TCP_PORT",
            "EVENTFLUX_REDIS_PORT_6379_TCP_PROTO",
        ];
        assert_eq!(unknown_of(&made), []);
    }
}
