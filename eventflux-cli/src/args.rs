//! What the command line accepts. Every flag has an environment twin `EVENTFLUX_…`; where it is configuration, a key of
//! [`config::model`](crate::config::model) names the same variable, and files may give it.

#[cfg(feature = "cluster")]
mod cluster;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::model::CompressionName;
use crate::config::value::TextValue;

#[cfg(feature = "cluster")]
pub use cluster::{ClientArgs, ClusterArgs, ClusterCommand, PipelineArgs, PipelineCommand, SubmitArgs};

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
    /// Read configuration from this YAML file, or from those of this folder; may be repeated, later ones win [default: eventflux.yaml beside
    /// the app or in the working folder, if there is one]
    #[arg(long, global = true, env = "EVENTFLUX_CONFIG", value_name = "FILE")]
    pub config: Vec<PathBuf>,

    /// Colour in diagnostics and progress; NO_COLOR is respected
    #[arg(long, global = true, value_enum, default_value_t = Choice::Auto, env = "EVENTFLUX_COLOR", value_name = "WHEN")]
    pub color: Choice,

    /// No progress line
    #[arg(long, global = true, env = "EVENTFLUX_NO_PROGRESS")]
    pub no_progress: bool,

    /// More log messages (-v info, -vv debug, -vvv trace)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "EVENTFLUX_VERBOSE")]
    pub verbose: u8,

    /// Errors only
    #[arg(short, long, global = true, env = "EVENTFLUX_QUIET")]
    pub quiet: bool,

    /// How log messages are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "EVENTFLUX_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Yes, no, or as the terminal suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Auto,
    Always,
    Never,
}

/// How log messages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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
    /// What a cluster runs: submit, list, stop, restart and remove pipelines
    #[cfg(feature = "cluster")]
    Pipeline(PipelineArgs),
    /// The nodes of a cluster: look at them, have them leave, forget them
    #[cfg(feature = "cluster")]
    Cluster(ClusterArgs),
    /// Copies of an app's state to start from: make, list, look into and remove them
    #[command(subcommand)]
    Savepoint(SavepointCommand),
    /// Play events back on a virtual clock, deterministically
    Replay(ReplayArgs),
    /// Be a node of a cluster, until a signal comes
    #[cfg(feature = "cluster")]
    Node(NodeArgs),
    /// What can be connected to, and how
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// What is configured, and where it is from; whether files are right; which keys there are
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a shell's completion script
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// The app of the command, if it has one.
    pub fn app(&self) -> Option<&Path> {
        match self {
            Command::Run(arguments) => Some(&arguments.app),
            Command::Check(arguments) => match &*arguments.paths {
                [one] if !one.is_dir() => Some(one),
                _ => None,
            },
            Command::Explain(arguments) => Some(&arguments.app),
            Command::Replay(arguments) => Some(&arguments.app),
            _ => None,
        }
    }

    /// Whether configuration is of use to it.
    pub fn is_configured(&self) -> bool {
        match self {
            Command::Run(_) | Command::Check(_) | Command::Explain(_) | Command::Replay(_) => true,
            Command::Savepoint(savepoint) => matches!(savepoint, SavepointCommand::Create(_)),
            Command::Config(config) => matches!(config, ConfigCommand::Show { .. }),
            #[cfg(feature = "cluster")]
            Command::Node(_) => true,
            Command::Connector(_) | Command::Completions { .. } => false,
            #[cfg(feature = "cluster")]
            Command::Pipeline(_) | Command::Cluster(_) => false,
        }
    }

    /// How it shows diagnostics.
    pub fn diagnostics(&self) -> DiagnosticFormat {
        match self {
            Command::Run(arguments) => arguments.diagnostics,
            Command::Check(arguments) => arguments.format,
            #[cfg(feature = "cluster")]
            Command::Node(arguments) => arguments.diagnostics,
            Command::Config(ConfigCommand::Check { format, .. }) => *format,
            _ => DiagnosticFormat::Full,
        }
    }

    /// The settings of SQL, where it has them.
    pub fn settings_mut(&mut self) -> Option<&mut Settings> {
        match self {
            Command::Run(arguments) => Some(&mut arguments.settings),
            Command::Check(arguments) => Some(&mut arguments.settings),
            Command::Explain(arguments) => Some(&mut arguments.settings),
            Command::Replay(arguments) => Some(&mut arguments.settings),
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The app's SQL file; `-` reads standard input
    #[arg(value_name = "APP.sql")]
    pub app: PathBuf,

    #[command(flatten)]
    pub settings: Settings,

    #[command(flatten)]
    pub state: StateArgs,

    #[command(flatten)]
    pub listen: ListenArgs,

    /// Keep to this much memory: `256MB`. State that does not fit goes to the disk: with `--state-dir` beside the checkpoints, otherwise
    /// to the folder for temporary files
    #[arg(long, env = "EVENTFLUX_MEMORY_LIMIT", value_name = "SIZE", value_parser = crate::size::parse)]
    pub memory_limit: Option<u64>,

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

/// A node of a cluster. What it is stands in `--config FILE`; these are for what differs from node to node.
#[cfg(feature = "cluster")]
#[derive(Debug, Args)]
pub struct NodeArgs {
    /// What people call the node, unique in its cluster [default: the host's name]
    #[arg(long, env = "EVENTFLUX_NODE_ID", value_name = "NAME")]
    pub node_id: Option<String>,

    /// Who it is and what the cluster has agreed on is kept here; a node that loses it is another one [default: `eventflux-data` and the
    /// node's name]
    #[arg(long, env = "EVENTFLUX_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Serve metrics, health and the admin API over HTTP here; `off` serves nothing [default: 127.0.0.1:9464]
    #[arg(long, env = "EVENTFLUX_LISTEN", value_name = "HOST:PORT|off")]
    pub listen: Option<crate::listen::ListenAddress>,

    /// Listen also at an address that other machines can reach, although there are no tokens
    #[arg(long, env = "EVENTFLUX_LISTEN_PUBLIC")]
    pub listen_public: bool,

    /// A key of the configuration: `cluster.min_nodes=3`; may be repeated, and wins over files
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,

    /// How mistakes in the configuration are shown
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Full, env = "EVENTFLUX_DIAGNOSTICS", value_name = "FORMAT")]
    pub diagnostics: DiagnosticFormat,
}

/// What others may ask of a run.
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// Serve /metrics, /livez and /readyz over HTTP here: `127.0.0.1:9464`; port 0 takes a free one and says which
    #[arg(
        long,
        env = "EVENTFLUX_LISTEN",
        value_name = "HOST:PORT|off",
        default_value = "off"
    )]
    pub listen: crate::listen::ListenAddress,

    /// Listen also at an address that other machines can reach; there is no authentication
    #[arg(long, env = "EVENTFLUX_LISTEN_PUBLIC")]
    pub listen_public: bool,
}

/// Where state is kept over restarts, and how.
#[derive(Debug, Args)]
pub struct StateArgs {
    /// Keep checkpoints in this directory; a restart continues from the last one
    #[arg(long, env = "EVENTFLUX_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// Keep checkpoints here: `redis://host:port/database`, a directory, or an object store that is built in
    #[arg(long, env = "EVENTFLUX_STATE", value_name = "URL", hide_env_values = true)]
    pub state: Option<String>,

    /// From the beginning of one checkpoint to that of the next: `10s`, `500ms`
    #[arg(long, env = "EVENTFLUX_CHECKPOINT_INTERVAL", value_name = "DURATION", default_value = "10s", value_parser = crate::duration::parse)]
    pub checkpoint_interval: Duration,

    /// How many checkpoints are kept
    #[arg(long, env = "EVENTFLUX_RETAINED_CHECKPOINTS", value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub retained_checkpoints: u16,

    /// How checkpoints are compressed: none, lz4, snappy, zstd
    #[arg(long, env = "EVENTFLUX_COMPRESSION", value_name = "NAME", default_value = "lz4", value_parser = CompressionName::parse)]
    pub compression: CompressionName,

    /// Where to start: `latest` (the last checkpoint, if there is one), `none`, a checkpoint's number, or a savepoint's path
    #[arg(
        long,
        env = "EVENTFLUX_FROM",
        value_name = "latest|none|NUMBER|PATH",
        default_value = "latest"
    )]
    pub from: From,

    /// Start although state would be lost that the app has no use for
    #[arg(long, env = "EVENTFLUX_ALLOW_DROP_STATE")]
    pub allow_drop_state: bool,
}

/// Where a run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    Latest,
    Nothing,
    Epoch(u64),
    Path(PathBuf),
}

impl std::str::FromStr for From {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match (text, text.parse()) {
            ("latest", _) => From::Latest,
            ("none", _) => From::Nothing,
            (_, Ok(epoch)) => From::Epoch(epoch),
            (path, Err(_)) => From::Path(path.into()),
        })
    }
}

#[derive(Debug, Subcommand)]
pub enum SavepointCommand {
    /// Have a running app take a checkpoint now, and copy it to a place of its own; of an app that does not run, copy the last one
    Create(CreateArgs),
    /// List the checkpoints of a state directory, or the savepoints in a directory
    List {
        /// A state directory, a savepoint, or a directory of savepoints
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// Show what a savepoint, or a checkpoint of a state directory, consists of; everything is read and checked
    Inspect {
        /// A savepoint or a state directory
        #[arg(value_name = "PATH")]
        path: PathBuf,

        /// The checkpoint's number, in place of the last one
        #[arg(long, value_name = "NUMBER")]
        epoch: Option<u64>,
    },
    /// Remove a savepoint
    Rm {
        /// The savepoint
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
}

/// What a savepoint is made of, and where.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// A new or empty directory
    #[arg(value_name = "PATH")]
    pub path: PathBuf,

    /// Where the app keeps its checkpoints
    #[arg(long, env = "EVENTFLUX_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// The same, in another place than a directory: `redis://host:port/database`, `s3://bucket/prefix`. What is there cannot ask the app: the
    /// last checkpoint is copied
    #[arg(long, env = "EVENTFLUX_STATE", value_name = "URL", hide_env_values = true)]
    pub state: Option<String>,

    /// The app's file, or its name: a Redis has checkpoints of several apps
    #[arg(long, value_name = "APP.sql")]
    pub app: Option<PathBuf>,

    /// Copy the last checkpoint that there is, and do not ask the app for a fresh one
    #[arg(long, conflicts_with = "epoch")]
    pub last: bool,

    /// Copy the checkpoint of this number, in place of a fresh one
    #[arg(long, value_name = "NUMBER")]
    pub epoch: Option<u64>,

    /// Wait no longer than this for the fresh checkpoint
    #[arg(long, env = "EVENTFLUX_WAIT", value_name = "DURATION", default_value = "60s", value_parser = crate::duration::parse)]
    pub wait: Duration,

    /// Print what was made as JSON; errors, too
    #[arg(long, env = "EVENTFLUX_JSON")]
    pub json: bool,
}

/// Settings of the engine.
#[derive(Debug, Args)]
pub struct Settings {
    /// Subtasks per operator (default: the number of cores)
    #[arg(short, long, env = "EVENTFLUX_PARALLELISM", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallelism: Option<u16>,

    /// A setting, as `SET key = value` in the app would, or a key of the configuration, which has a dot: `state_backend.pool_size=20`; may be
    /// repeated, and wins over the app and over files
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,

    /// `state_backend.state_ttl` of the configuration, for apps that do not set it
    #[arg(skip)]
    pub state_ttl: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Files, or directories to search for `*.sql`; `-` reads standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub settings: Settings,

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

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every key with its value; secrets are masked
    Show {
        /// Also print where each value is from: default, file, environment, flag
        #[arg(long)]
        origin: bool,

        /// How it is printed
        #[arg(long, value_enum, default_value_t = ShowFormat::Text)]
        format: ShowFormat,

        /// A command with its flags, as it would be run: `-- run app.sql -p 4`
        #[arg(last = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
    /// Check files, or the YAML files of folders, offline: references are not looked up
    Check {
        /// Files and folders, as `--config` takes them
        #[arg(value_name = "FILE", required = true)]
        paths: Vec<PathBuf>,

        /// How diagnostics are shown
        #[arg(long, value_enum, default_value_t = DiagnosticFormat::Full, env = "EVENTFLUX_DIAGNOSTICS")]
        format: DiagnosticFormat,
    },
    /// Print the JSON schema of configuration files, for editors
    Schema,
}

/// How `config show` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// A line for each key
    Text,
    /// One JSON object
    Json,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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
