//! Who may command a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::{List, Secret};

/// The admin API of a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Who may ask for what. Without any token, whoever reaches the node may do everything
    pub tokens: AdminTokens,
}

/// Bearer tokens by role: at least 16 characters each, best of a random generator.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdminTokens {
    /// Tokens to look at the cluster with: `${file:/run/secrets/viewer}`
    #[schemars(extend("x-env" = "EVENTFLUX_VIEWER_TOKENS"))]
    pub viewer: List<Secret>,

    /// Tokens that also submit, stop and remove pipelines, and look into their state
    #[schemars(extend("x-env" = "EVENTFLUX_OPERATOR_TOKENS"))]
    pub operator: List<Secret>,

    /// Tokens that also change which nodes there are
    #[schemars(extend("x-env" = "EVENTFLUX_ADMIN_TOKENS"))]
    pub admin: List<Secret>,
}
