//! The command line as a layer, and layers as defaults of the command line.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use eventflux::connector::ResolveReference;
use eventflux::sql::diagnostic::{Code, Diagnostic, SourceText, Span, did_you_mean};

use super::effective::Effective;
use super::key::{Key, keys};
use super::layer::{Layer, LayerKind, Refused};

/// A layer of the flags that set keys, and of `--set` where it does.
///
/// **Errors** `--set` names a key that there is not, or gives it a value that it cannot have.
pub(crate) fn layer(command: &Command, matches: &ArgMatches) -> Result<Layer, Vec<Refused>> {
    let mut entries = Vec::new();
    let (mut command, mut matches) = (command, matches);
    loop {
        for argument in command.get_arguments() {
            let Some(key) = key_of(argument) else {
                continue;
            };
            let id = argument.get_id().as_str();
            let is_known = matches.try_contains_id(id).unwrap_or(false);
            if !is_known || matches.value_source(id) != Some(ValueSource::CommandLine) {
                continue;
            }
            let values = matches.get_raw(id).into_iter().flatten();
            // A flag that may be given once has one value; one that counts has its last.
            if let Some(value) = values.last() {
                let path: Vec<String> = key.path.split('.').map(str::to_owned).collect();
                // A flag of all commands is seen once for each level.
                entries.retain(|(other, _, _)| *other != path);
                let label = argument
                    .get_long()
                    .map_or_else(|| id.to_owned(), |long| format!("--{long}"));
                entries.push((path, label, value.to_string_lossy().into_owned()));
            }
        }
        match matches.subcommand() {
            Some((name, below)) => {
                let Some(inner) = command.find_subcommand(name) else {
                    break;
                };
                (command, matches) = (inner, below);
            }
            None => break,
        }
    }
    // The flag of a key goes first: it was asked for by name.
    for (key, value) in set_keys(matches) {
        let path = path_of(key).map_err(|refused| vec![refused])?;
        if entries.iter().all(|(other, _, _)| *other != path) {
            entries.push((path, format!("--set {key}"), value.clone()));
        }
    }
    Layer::of_entries(LayerKind::Flags, "command line", entries).map_err(|refused| vec![refused])
}

/// Whether `--set` means a key of the configuration: one with a dot. The others are settings of SQL.
pub(crate) fn is_key(name: &str) -> bool {
    name.contains('.')
}

/// The setting of SQL that has a key of its own.
const PARALLELISM: &str = "parallelism";

fn set_keys(matches: &ArgMatches) -> impl Iterator<Item = (&str, &String)> {
    let set = matches.try_get_many::<(String, String)>("set").ok().flatten();
    let pairs = set.into_iter().flatten();
    pairs
        .filter(|(key, _)| is_key(key) || key == PARALLELISM)
        .map(|(key, value)| (key.as_str(), value))
}

/// The path that `--set` means: `eventflux.` may be left out, `distributed.` before `state_backend`, too.
fn path_of(name: &str) -> Result<Vec<String>, Refused> {
    let prefixes = ["", "eventflux.", "eventflux.distributed.", "eventflux.run."];
    let fits = |key: &Key, candidate: &str| match key.path.strip_suffix('*') {
        Some(group) => candidate.strip_prefix(group).is_some_and(|name| !name.is_empty()),
        None => key.path == candidate,
    };
    for prefix in prefixes {
        let candidate = format!("{prefix}{name}");
        if let Some(key) = keys().iter().find(|key| fits(key, &candidate)) {
            let mut path: Vec<String> = key.path.split('.').map(str::to_owned).collect();
            if let Some(group) = key.path.strip_suffix('*') {
                // What stands for the star may have dots of its own.
                path.pop();
                path.push(candidate[group.len()..].to_owned());
            }
            return Ok(path);
        }
    }
    let text = format!("--set {name}");
    let known: Vec<&str> = keys()
        .iter()
        .filter_map(|key| key.path.strip_prefix("eventflux."))
        .collect();
    let short = known.iter().filter_map(|path| path.strip_prefix("distributed."));
    let help = did_you_mean(
        name.trim_start_matches("eventflux."),
        known.iter().copied().chain(short),
    );
    let message = format!("there is no key `{name}`");
    let diagnostic = Diagnostic::error(Code::UnknownKey, Span::new(6, text.len()), message)
        .with_help(help.unwrap_or_else(|| "`eventflux config show` lists the keys".to_owned()));
    Err(Refused {
        source: Box::new(SourceText::new("command line", text)),
        diagnostics: vec![diagnostic],
    })
}

/// The key that an argument sets: they have the same variable.
fn key_of(argument: &clap::Arg) -> Option<&'static Key> {
    let env = argument.get_env()?.to_str()?;
    keys().iter().find(|key| key.env.as_deref() == Some(env))
}

/// The command with the values of lower layers as the defaults of its flags.
pub(crate) fn with_defaults(
    command: Command,
    effective: &Effective,
    references: &dyn ResolveReference,
) -> Command {
    let command = command.mut_args(|argument| {
        let Some(key) = key_of(&argument) else {
            return argument;
        };
        // No file and no variable knows better than the flag itself what it has without them.
        if !effective.is_given(&key.path) {
            return argument;
        }
        match effective.exposed(&key.path, references) {
            // Defaults of arguments live as long as the process.
            Some(text) => argument.env(None::<&'static str>).default_value(&*text.leak()),
            None => argument,
        }
    });
    command.mut_subcommands(|command| with_defaults(command, effective, references))
}
