//! From the command line, the environment and files to a command with all its values.
//!
//! The command line is read twice: first to learn which files there are, then with what the lower layers say as defaults of the
//! flags. So every flag gets its value from all layers, and the code behind knows flags only.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

use crate::app_text::Shown;
use crate::args::{Cli, Command, ConfigCommand, DiagnosticFormat, Global};
use crate::config::{self, Effective, LoadError, Process, Purpose};
use crate::exit::Exit;
use crate::{log, report};

/// A command with all its values.
pub struct Started {
    pub cli: Cli,
    pub effective: Effective,
}

/// Reads everything that says what to do.
pub fn start(arguments: Vec<OsString>) -> Result<Started, Exit> {
    let (cli, matches) = parsed(&arguments)?;
    let (inner, inner_matches) = match &cli.command {
        Command::Config(ConfigCommand::Show { command, .. }) if !command.is_empty() => {
            let program = arguments.first().cloned().into_iter();
            let arguments: Vec<OsString> = program.chain(command.iter().cloned()).collect();
            let (mut inner, matches) = parsed(&arguments)?;
            if inner.global.config.is_empty() {
                inner.global.config.clone_from(&cli.global.config);
            }
            (Some(inner), matches)
        }
        _ => (None, matches),
    };
    let purpose = match cli.command {
        Command::Config(_) => Purpose::Inspection,
        #[cfg(feature = "cluster")]
        Command::Node(_) => Purpose::Node,
        _ => Purpose::Process,
    };
    let effective = load(inner.as_ref().unwrap_or(&cli), &inner_matches, purpose)
        .map_err(|error| refused(error, cli.command.diagnostics(), &cli.global))?;
    let command = config::with_defaults(Cli::command(), &effective, &Process);
    let matches = command
        .try_get_matches_from(&arguments)
        .map_err(|error| usage(&error))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| usage(&error))?;
    if let Some(settings) = cli.command.settings_mut() {
        let given = std::mem::take(&mut settings.set);
        let configured = effective.config.eventflux.run.settings.clone();
        let given = given.into_iter().filter(|(key, _)| !config::is_key(key));
        settings.set = configured.into_iter().chain(given).collect();
        let state = &effective.config.eventflux.distributed.state_backend;
        settings.state_ttl = state.state_ttl.map(|ttl| ttl.0);
    }
    Ok(Started { cli, effective })
}

fn parsed(arguments: &[OsString]) -> Result<(Cli, clap::ArgMatches), Exit> {
    let matches = Cli::command()
        .try_get_matches_from(arguments)
        .map_err(|error| usage(&error))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| usage(&error))?;
    Ok((cli, matches))
}

fn load(cli: &Cli, matches: &clap::ArgMatches, purpose: Purpose) -> Result<Effective, LoadError> {
    let is_configured = cli.command.is_configured();
    let mut files = cli.global.config.clone();
    if files.is_empty() && is_configured {
        files.extend(config::default_file(cli.command.app()));
    }
    let mut layers = config::layers_of_files(&files)?;
    let variables = config::variables();
    if is_configured && !cli.global.quiet {
        warn_of_unknown(&variables);
    }
    let environment =
        config::layer_of_environment(&variables).map_err(|wrong| LoadError::Refused(vec![wrong]))?;
    layers.push(environment);
    let mut command = Cli::command();
    command.build();
    layers.push(config::layer_of_flags(&command, matches).map_err(LoadError::Refused)?);
    Effective::new(layers, purpose, &Process).map_err(LoadError::Refused)
}

fn warn_of_unknown(variables: &[(String, String)]) {
    for (name, near) in config::unknown_variables(variables) {
        match near {
            Some(near) => report::warning(format_args!(
                "the environment variable `{name}` means nothing; did you mean `{near}`?"
            )),
            None => report::warning(format_args!("the environment variable `{name}` means nothing")),
        }
    }
}

fn refused(error: LoadError, format: DiagnosticFormat, global: &Global) -> Exit {
    match error {
        LoadError::Unreadable(message) => report::mistake(message),
        LoadError::Refused(refused) => Shown::new(format, global).show_refused(&refused),
    }
    Exit::Usage
}

/// What is wrong with the command line; a variable's value is told with its variable.
fn usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Done;
    }
    if matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        let variables = config::variables();
        if let Err(wrong) = config::layer_of_environment(&variables) {
            let shown = Shown {
                format: DiagnosticFormat::Full,
                colour: log::colour(crate::args::Choice::Auto),
                is_quiet: false,
            };
            shown.show_refused(&[wrong]);
            return Exit::Usage;
        }
        let _ = error.print();
        if let Some(name) = variable_of(error, &variables) {
            report::plain(&format!(
                "\n  note: the value is that of the environment variable `{name}`\n"
            ));
        }
        return Exit::Usage;
    }
    let _ = error.print();
    Exit::Usage
}

/// The variable that an error's value is from, if it has that value.
fn variable_of<'a>(error: &clap::Error, variables: &'a [(String, String)]) -> Option<&'a str> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg)?;
    let value = text(ContextKind::InvalidValue)?;
    let long = argument.split([' ', '=']).next()?.strip_prefix("--")?;
    let name = format!("EVENTFLUX_{}", long.replace('-', "_").to_uppercase());
    let found = variables
        .iter()
        .find(|(known, set)| *known == name && set == value)?;
    Some(&found.0)
}
