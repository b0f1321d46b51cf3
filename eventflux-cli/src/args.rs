//! What the command line accepts. Every flag has an environment twin `EVENTFLUX_…`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// SQL over streams: one file, one binary.
///
/// Rows go to stdout, everything else to stderr. Exit codes: 0 done or stopped by a signal; 1 the run failed or the
/// verdict is "no"; 2 what was given is wrong; 3 the world is not ready; 130 and 143 for a second signal.
#[derive(Debug, Parser)]
#[command(name = "eventflux", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub global: Global,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Colour in diagnostics and progress; NO_COLOR is respected
    #[arg(long, global = true, value_enum, default_value_t = Choice::Auto, env = "EVENTFLUX_COLOR", value_name = "WHEN")]
    pub color: Choice,

    /// No progress line
    #[arg(long, global = true, env = "EVENTFLUX_NO_PROGRESS")]
    pub no_progress: bool,

    /// More log messages (-v info, -vv debug, -vvv trace)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Errors only
    #[arg(short, long, global = true, env = "EVENTFLUX_QUIET")]
    pub quiet: bool,

    /// How log messages are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "EVENTFLUX_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Yes, no, or as the terminal suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    Auto,
    Always,
    Never,
}

/// How log messages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an app until its inputs end or a signal comes
    Run(RunArgs),
    /// Parse, plan and lint, offline
    Check(CheckArgs),
    /// Show the plan of an app
    Explain(ExplainArgs),
    /// Play events back on a virtual clock, deterministically
    Replay(ReplayArgs),
    /// What can be connected to, and how
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// Print a shell's completion script
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The app's SQL file; `-` reads standard input
    #[arg(value_name = "APP.sql")]
    pub app: PathBuf,

    #[command(flatten)]
    pub settings: Settings,

    /// How rows of streams without a sink are printed
    #[arg(long, value_enum, default_value_t = RowFormat::Auto, env = "EVENTFLUX_FORMAT")]
    pub format: RowFormat,

    /// Stop after this much time, or when this many rows have left: `10s`, `1000rows`
    #[arg(long, env = "EVENTFLUX_UNTIL", value_name = "LIMIT", value_parser = crate::until::Until::parse)]
    pub until: Option<crate::until::Until>,

    /// How errors in the SQL are shown
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Full, env = "EVENTFLUX_DIAGNOSTICS", value_name = "FORMAT")]
    pub diagnostics: DiagnosticFormat,
}

/// Settings of the engine.
#[derive(Debug, Args)]
pub struct Settings {
    /// Subtasks per operator (default: the number of cores)
    #[arg(short, long, env = "EVENTFLUX_PARALLELISM", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallelism: Option<u16>,

    /// A setting, as `SET key = value` in the app would; may be repeated and wins over the app
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Files, or directories to search for `*.sql`; `-` reads standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// How diagnostics are shown
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Full, env = "EVENTFLUX_DIAGNOSTICS")]
    pub format: DiagnosticFormat,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The app's SQL file; `-` reads standard input
    #[arg(value_name = "APP.sql")]
    pub app: PathBuf,

    #[command(flatten)]
    pub settings: Settings,

    /// Which plan
    #[arg(long, value_enum, default_value_t = Stage::Physical, env = "EVENTFLUX_STAGE")]
    pub stage: Stage,

    /// How it is shown
    #[arg(long, value_enum, default_value_t = PlanFormat::Text, env = "EVENTFLUX_PLAN_FORMAT")]
    pub format: PlanFormat,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The app's SQL file
    #[arg(value_name = "APP.sql")]
    pub app: PathBuf,

    /// JSON lines of events in order of arrival; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,

    #[command(flatten)]
    pub settings: Settings,

    /// Leave open windows open at the end of the file
    #[arg(long, env = "EVENTFLUX_NO_FLUSH")]
    pub no_flush: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConnectorCommand {
    /// List connectors and formats
    List,
    /// Show one connector's or format's options and an example
    Doc {
        /// Its name
        name: String,
    },
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// A table on a terminal, ndjson otherwise
    Auto,
    /// Aligned columns
    Table,
    /// One JSON object per row; an envelope with the row's kind where rows change
    Ndjson,
    /// The envelope, always
    Changelog,
    /// Comma-separated values with a header
    Csv,
    /// Nothing
    None,
}

/// How diagnostics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiagnosticFormat {
    /// The source line with a caret
    Full,
    /// One line each
    Concise,
    /// One JSON object per line
    Json,
}

/// Which plan `explain` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    Logical,
    Physical,
}

/// How `explain` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Text,
    Json,
    Dot,
    Mermaid,
    Svg,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
