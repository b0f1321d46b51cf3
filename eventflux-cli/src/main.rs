//! The `eventflux` command; see the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    eventflux_cli::main()
}
