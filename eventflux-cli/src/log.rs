//! Log messages on stderr.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::args::{Choice, Global, LogFormat};

/// Starts logging: warnings unless flags or `EVENTFLUX_LOG` say otherwise.
pub fn start(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,openraft=error",
        (false, 1) => {
            "warn,openraft=error,eventflux=info,eventflux_core=info,eventflux_sql=info,eventflux_connectors=info,eventflux_distributed=info"
        }
        (false, 2) => {
            "info,eventflux=debug,eventflux_core=debug,eventflux_sql=debug,eventflux_connectors=debug,eventflux_distributed=debug"
        }
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_env("EVENTFLUX_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour(global.color))
        .with_target(global.verbose > 1);
    match global.log_format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

/// Whether stderr gets colour.
pub fn colour(choice: Choice) -> bool {
    match choice {
        Choice::Always => true,
        Choice::Never => false,
        Choice::Auto => {
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}
