//! `docs/reference/configuration.md`, made from the keys.
//!
//! `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux-cli config::page` writes it and the schema anew.

use std::fmt::Write;
use std::path::Path;

use clap::CommandFactory;
use eventflux_core::testing::assert_page;

use super::key::{Key, keys};
use crate::args::Cli;

const COMMAND: &str = "cargo test -p eventflux-cli config::page";

const HEAD: &str = "<!-- Written by `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux-cli config::page` from what the configuration's types declare: do not edit. -->

# Keys of the configuration

See [the guide](../guides/configuration.md) for files, layers and references. [eventflux.schema.json](eventflux.schema.json) is the JSON schema
of files. `eventflux config show --origin` prints every key with its value and where that is from.
";

/// The long flag with this variable, of any command.
fn flag(command: &clap::Command, env: &str) -> Option<String> {
    let own = command
        .get_arguments()
        .find(|argument| argument.get_env().is_some_and(|name| name == env));
    let own = own.and_then(|argument| argument.get_long()).map(str::to_owned);
    own.or_else(|| command.get_subcommands().find_map(|command| flag(command, env)))
}

fn row(key: &Key, group: &str, command: &clap::Command) -> String {
    let name = key
        .path
        .strip_prefix(group)
        .unwrap_or(&key.path)
        .trim_start_matches('.');
    let code = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| format!("`{text}`"));
    let flag = key
        .env
        .as_ref()
        .and_then(|env| flag(command, env))
        .map(|flag| format!("--{flag}"));
    let secret = if key.is_secret { ". Never shown" } else { "" };
    format!(
        "| `{name}` | {} | {} | {} | {} | {}{secret} |\n",
        key.kind,
        code(&key.default),
        code(&key.env),
        code(&flag),
        key.doc
    )
}

fn page() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page = HEAD.to_owned();
    let mut last = None;
    for key in keys() {
        let group = key
            .path
            .trim_end_matches(".*")
            .rsplit_once('.')
            .map_or("", |(group, _)| group);
        if last != Some(group) {
            let title = if group.is_empty() { "The top" } else { group };
            let _ = write!(
                page,
                "\n## {title}\n\n| key | value | default | variable | flag | |\n|---|---|---|---|---|---|\n"
            );
            last = Some(group);
        }
        page.push_str(&row(key, group, &command));
    }
    page
}

fn reference(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/reference")
        .join(name)
}

#[test]
fn the_page_of_keys_is_up_to_date() {
    assert_page(&reference("configuration.md"), &page(), COMMAND);
}

#[test]
fn the_schema_is_up_to_date() {
    let schema = format!("{:#}\n", super::schema());
    assert_page(&reference("eventflux.schema.json"), &schema, COMMAND);
}

#[test]
fn every_key_is_explained_and_no_variable_sets_two() {
    let mut variables = std::collections::HashSet::new();
    for key in keys() {
        assert!(!key.doc.is_empty(), "{} is not explained", key.path);
        if let Some(env) = &key.env {
            assert!(env.starts_with("EVENTFLUX_"), "{env}");
            assert!(variables.insert(env), "{env} sets two keys");
        }
    }
}

/// Flags that are of one start, and would do harm in a file: `from: none` there would throw the state away at every restart.
const OF_ONE_START: [&str; 7] = [
    "EVENTFLUX_ALLOW_DROP_STATE",
    "EVENTFLUX_CONFIG",
    "EVENTFLUX_FROM",
    "EVENTFLUX_NO_FLUSH",
    "EVENTFLUX_PLAN_FORMAT",
    "EVENTFLUX_STAGE",
    "EVENTFLUX_UNTIL",
];

/// Flags of commands to a cluster: of who gives them, not of a process that runs apps.
const OF_CLIENTS: [&str; 7] = [
    "EVENTFLUX_JSON",
    "EVENTFLUX_NAME",
    "EVENTFLUX_SAVEPOINT",
    "EVENTFLUX_TOKEN",
    "EVENTFLUX_TOKEN_FILE",
    "EVENTFLUX_URL",
    "EVENTFLUX_WAIT",
];

#[test]
fn every_flag_with_a_variable_is_a_key_or_of_one_start() {
    fn collect(command: &clap::Command, found: &mut Vec<String>) {
        let variables = command.get_arguments().filter_map(|argument| argument.get_env());
        found.extend(variables.map(|name| name.to_string_lossy().into_owned()));
        command
            .get_subcommands()
            .for_each(|command| collect(command, found));
    }
    let mut found = Vec::new();
    collect(&Cli::command(), &mut found);
    for variable in found {
        let is_key = keys().iter().any(|key| key.env.as_ref() == Some(&variable));
        assert!(
            is_key || OF_ONE_START.contains(&variable.as_str()) || OF_CLIENTS.contains(&variable.as_str()),
            "`{variable}`: give its key in `config/model` the same `x-env`, or list it as of one start"
        );
    }
}

#[test]
fn keys_and_flags_have_the_same_defaults() {
    fn check(command: &clap::Command) {
        for argument in command.get_arguments() {
            let Some(key) = keys().iter().find(|key| {
                let env = argument.get_env().and_then(|env| env.to_str());
                env.is_some() && key.env.as_deref() == env
            }) else {
                continue;
            };
            let default = argument.get_default_values().first();
            let default = default.map(|text| text.to_string_lossy().into_owned());
            if default.is_some() {
                assert_eq!(key.default, default, "{}", key.path);
            }
        }
        command.get_subcommands().for_each(check);
    }
    let mut command = Cli::command();
    command.build();
    check(&command);
}
