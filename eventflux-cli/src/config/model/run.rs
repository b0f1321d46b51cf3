//! How apps run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::RowFormat;
use crate::config::value::Whole;

/// How apps run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Subtasks per operator; without it, the number of cores
    #[schemars(extend("x-env" = "EVENTFLUX_PARALLELISM"))]
    pub parallelism: Option<Whole<1, 1024>>,

    /// How rows of streams without a sink are printed
    #[schemars(extend("x-env" = "EVENTFLUX_FORMAT"))]
    pub format: RowFormat,

    /// Settings, as `SET key = value` in the app would; they win over the app
    pub settings: BTreeMap<String, String>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            parallelism: None,
            format: RowFormat::Auto,
            settings: BTreeMap::new(),
        }
    }
}
