//! Log messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::LogFormat;
use crate::config::value::{Flag, Whole};

/// Log messages on stderr.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How log messages are written
    #[schemars(extend("x-env" = "EVENTFLUX_LOG_FORMAT"))]
    pub format: LogFormat,

    /// More messages: 1 info, 2 debug, 3 trace
    #[schemars(extend("x-env" = "EVENTFLUX_VERBOSE"))]
    pub verbose: Whole<0, 255>,

    /// Errors only
    #[schemars(extend("x-env" = "EVENTFLUX_QUIET"))]
    pub quiet: Flag,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            verbose: Whole::new(0),
            quiet: Flag(false),
        }
    }
}
