//! The root.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Distributed, Log, Run, Terminal};

/// The configuration of the `eventflux` command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The version of these keys. May be left out
    #[serde(rename = "apiVersion")]
    pub api_version: Option<ApiVersion>,

    /// What the file is. May be left out
    pub kind: Option<Kind>,

    /// Everything else
    pub eventflux: EventFlux,
}

/// The versions of these keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first one.
    #[serde(rename = "eventflux.io/v1")]
    V1,
}

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// A configuration.
    EventFluxConfig,
}

/// What can be configured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventFlux {
    /// How apps run
    pub run: Run,

    /// Log messages
    pub log: Log,

    /// What is shown on a terminal
    pub terminal: Terminal,

    /// State, and what joins nodes
    pub distributed: Distributed,
}
