//! The `eventflux` command: the only crate that prints, reads the environment and exits.
//!
//! **Invariants** Rows go to stdout, everything else to stderr. Every way out is an [`exit::Exit`].

#[cfg(feature = "cluster")]
pub mod admin;
mod answer;
mod app_text;
mod args;
#[cfg(feature = "cluster")]
mod client;
mod command;
pub mod config;
mod control;
mod duration;
mod exit;
mod fail_points;
mod listen;
mod log;
#[cfg(feature = "cluster")]
mod node;
mod panic;
mod print;
mod progress;
mod report;
mod signal;
mod size;
mod start;
mod state;
mod until;

use std::process::ExitCode;

use crate::args::{Command, ConnectorCommand};
use crate::exit::Exit;
use crate::start::Started;

/// The command, from its arguments to its exit code.
pub fn main() -> ExitCode {
    panic::report_as_bugs();
    if let Some(exit) = fail_points::arm() {
        return exit.code();
    }
    let done = std::panic::catch_unwind(|| match start::start(std::env::args_os().collect()) {
        Ok(started) => {
            log::start(&started.cli.global);
            execute(started)
        }
        Err(exit) => exit,
    });
    // The hook has said what happened.
    done.unwrap_or(Exit::Failed).code()
}

fn execute(started: Started) -> Exit {
    let Started { cli, effective } = started;
    match cli.command {
        Command::Run(arguments) => command::run(&arguments, &cli.global, &effective),
        Command::Check(arguments) => command::check(&arguments, &cli.global),
        Command::Explain(arguments) => command::explain(&arguments, &cli.global),
        Command::Replay(arguments) => command::replay(&arguments, &cli.global),
        #[cfg(feature = "cluster")]
        Command::Pipeline(pipeline) => command::pipeline(&pipeline, &cli.global),
        #[cfg(feature = "cluster")]
        Command::Cluster(cluster) => command::cluster(&cluster),
        Command::Savepoint(savepoint) => command::savepoint(&savepoint, &cli.global, &effective),
        #[cfg(feature = "cluster")]
        Command::Node(arguments) => command::node(&arguments, &cli.global, &effective),
        Command::Connector(ConnectorCommand::List) => command::connector_list(),
        Command::Connector(ConnectorCommand::Doc { name }) => command::connector_doc(&name),
        Command::Config(config) => command::config(&config, &cli.global, &effective),
        Command::Completions { shell } => command::completions(shell),
    }
}
