//! What is answered when something cannot be done.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ProgramDiagnostic;

/// Why something cannot be done, and what would help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// For programs: `unknown-pipeline`, `unauthenticated`, `program`, `no-leader`, …
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// What would help, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
    /// Of a program that cannot be run: every mistake with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<ProgramDiagnostic>,
}
