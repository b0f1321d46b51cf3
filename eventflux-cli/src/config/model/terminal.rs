//! What is shown on a terminal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{Choice, DiagnosticFormat};
use crate::config::value::Flag;

/// What is shown on a terminal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Terminal {
    /// Colour in diagnostics and progress; NO_COLOR is respected
    #[schemars(extend("x-env" = "EVENTFLUX_COLOR"))]
    pub color: Choice,

    /// No progress line
    #[schemars(extend("x-env" = "EVENTFLUX_NO_PROGRESS"))]
    pub no_progress: Flag,

    /// How mistakes in SQL and in configuration are shown
    #[schemars(extend("x-env" = "EVENTFLUX_DIAGNOSTICS"))]
    pub diagnostics: DiagnosticFormat,
}

impl Default for Terminal {
    fn default() -> Self {
        Self {
            color: Choice::Auto,
            no_progress: Flag(false),
            diagnostics: DiagnosticFormat::Full,
        }
    }
}
