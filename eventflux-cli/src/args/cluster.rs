//! What commands to a cluster accept.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{DiagnosticFormat, key_value};

/// The way to a cluster.
#[derive(Debug, Args)]
pub struct ClientArgs {
    /// Any node of the cluster
    #[arg(
        long,
        global = true,
        env = "EVENTFLUX_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:9464",
        hide_env_values = true
    )]
    pub url: String,

    /// What the cluster knows this user by; better given by the variable, since others see arguments
    #[arg(
        long,
        global = true,
        env = "EVENTFLUX_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub token: Option<String>,

    /// A file with the token, where neither the flag nor the variable gives it
    #[arg(long, global = true, env = "EVENTFLUX_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Print what the node answers as JSON; errors, too
    #[arg(long, global = true, env = "EVENTFLUX_JSON")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct PipelineArgs {
    #[command(subcommand)]
    pub command: PipelineCommand,

    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Subcommand)]
pub enum PipelineCommand {
    /// Have the cluster run a program
    Submit(SubmitArgs),
    /// List all pipelines
    List,
    /// Show one pipeline: where it is, who runs it, which checkpoints it has
    Status {
        /// The pipeline
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Stop a pipeline with a last checkpoint
    Stop {
        /// The pipeline
        #[arg(value_name = "NAME")]
        name: String,

        /// Wait until its last checkpoint is taken and its rows are visible, and say which one it is
        #[arg(long, env = "EVENTFLUX_SAVEPOINT")]
        savepoint: bool,

        /// With `--savepoint`: wait no longer than this
        #[arg(long, env = "EVENTFLUX_WAIT", value_name = "DURATION", default_value = "60s", value_parser = crate::duration::parse)]
        wait: Duration,
    },
    /// Have a checkpoint taken now, wait until it can be started from, and say which one it is; the pipeline goes on
    Savepoint {
        /// The pipeline
        #[arg(value_name = "NAME")]
        name: String,

        /// Wait no longer than this
        #[arg(long, env = "EVENTFLUX_WAIT", value_name = "DURATION", default_value = "60s", value_parser = crate::duration::parse)]
        wait: Duration,
    },
    /// Start a pipeline from its newest checkpoint; one that runs is stopped first
    Restart {
        /// The pipeline
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Stop a pipeline where it is, and forget it; its checkpoints stay in their store
    Rm {
        /// The pipeline
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The app's SQL file; `-` reads standard input
    #[arg(value_name = "APP.sql")]
    pub app: PathBuf,

    /// What to call the pipeline (default: the file's name without its ending)
    #[arg(long, env = "EVENTFLUX_NAME", value_name = "NAME")]
    pub name: Option<String>,

    /// Subtasks per operator, over all nodes (default: as the cluster sees fit)
    #[arg(short, long, env = "EVENTFLUX_PARALLELISM", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallelism: Option<u16>,

    /// A setting, as `SET key = value` in the app would; may be repeated, and wins over the app
    #[arg(id = "setting", long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub settings: Vec<(String, String)>,

    /// How errors in the SQL are shown
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Full, env = "EVENTFLUX_DIAGNOSTICS", value_name = "FORMAT")]
    pub diagnostics: DiagnosticFormat,
}

#[derive(Debug, Args)]
pub struct ClusterArgs {
    #[command(subcommand)]
    pub command: ClusterCommand,

    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Show the cluster as a whole: who leads, how many nodes are up, what is wrong
    Status,
    /// List the nodes
    Nodes,
    /// Have a node hand over what it runs, and leave for good
    Leave {
        /// The node's name or id
        #[arg(value_name = "NODE")]
        node: String,
    },
    /// Forget a node that is gone for good
    Remove {
        /// The node's name or id
        #[arg(value_name = "NODE")]
        node: String,
    },
}
