//! `eventflux completions`: a shell's completion script.

use clap::CommandFactory;

use crate::args::Cli;
use crate::exit::Exit;

/// Prints the script.
pub fn completions(shell: clap_complete::Shell) -> Exit {
    clap_complete::generate(shell, &mut Cli::command(), "eventflux", &mut std::io::stdout());
    Exit::Done
}
