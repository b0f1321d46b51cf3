//! How apps run.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Serialize};

use crate::args::RowFormat;
use crate::config::value::{Flag, Size, TextValue, Whole, text_value};
use crate::listen::ListenAddress;

/// How apps run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Subtasks per operator; without it, the number of cores
    #[schemars(extend("x-env" = "EVENTFLUX_PARALLELISM"))]
    pub parallelism: Option<Whole<1, 1024>>,

    /// Keep to this much memory: `256MB`. State that does not fit goes to the disk
    #[schemars(extend("x-env" = "EVENTFLUX_MEMORY_LIMIT"))]
    pub memory_limit: Option<Size>,

    /// How rows of streams without a sink are printed
    #[schemars(extend("x-env" = "EVENTFLUX_FORMAT"))]
    pub format: RowFormat,

    /// Where metrics, `/livez` and `/readyz` are served, and by nodes the admin API: `127.0.0.1:9464`, or `off`. Nodes listen there unless
    /// they are told otherwise
    #[schemars(extend("x-env" = "EVENTFLUX_LISTEN"))]
    pub listen: ListenAddress,

    /// Listen also at an address that other machines can reach
    #[schemars(extend("x-env" = "EVENTFLUX_LISTEN_PUBLIC"))]
    pub listen_public: Flag,

    /// Settings, as `SET key = value` in the app would; they win over the app
    pub settings: BTreeMap<String, String>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            parallelism: None,
            memory_limit: None,
            format: RowFormat::Auto,
            listen: ListenAddress::Off,
            listen_public: Flag(false),
            settings: BTreeMap::new(),
        }
    }
}

impl TextValue for ListenAddress {
    const EXPECTED: &'static str = "`off` or an address with a port such as `127.0.0.1:9464`";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }
}

text_value!(ListenAddress);
