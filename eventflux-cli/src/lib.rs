//! The `eventflux` command: the only crate that prints, reads the environment and exits.
//!
//! **Invariants** Rows go to stdout, everything else to stderr. Every way out is an [`exit::Exit`].

mod answer;
mod app_text;
mod args;
mod command;
mod duration;
mod exit;
mod listen;
mod log;
mod panic;
mod print;
mod progress;
mod report;
mod signal;
mod state;
mod until;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command, ConnectorCommand};
use crate::exit::Exit;

/// The command, from its arguments to its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start(&cli.global);
    panic::report_as_bugs();
    let done = std::panic::catch_unwind(|| execute(cli));
    // The hook has said what happened.
    done.unwrap_or(Exit::Failed).code()
}

fn execute(cli: Cli) -> Exit {
    match cli.command {
        Command::Run(arguments) => command::run(&arguments, &cli.global),
        Command::Check(arguments) => command::check(&arguments, &cli.global),
        Command::Explain(arguments) => command::explain(&arguments, &cli.global),
        Command::Replay(arguments) => command::replay(&arguments, &cli.global),
        Command::Savepoint(savepoint) => command::savepoint(&savepoint),
        Command::Connector(ConnectorCommand::List) => command::connector_list(),
        Command::Connector(ConnectorCommand::Doc { name }) => command::connector_doc(&name),
        Command::Completions { shell } => command::completions(shell),
    }
}
