//! One node of a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::{Endpoint, Flag, List};

/// One node of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// What people call the node: `node-${HOSTNAME}`
    #[schemars(extend("x-env" = "EVENTFLUX_NODE_ID"))]
    pub node_id: Option<String>,

    /// Where the others reach it: `host:port`
    #[schemars(extend("x-env" = "EVENTFLUX_NODE_ENDPOINTS"))]
    pub endpoints: List<Endpoint>,

    /// What it does for the cluster
    pub capabilities: Capabilities,
}

/// What a node does for the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// It takes part in decisions
    #[schemars(extend("x-env" = "EVENTFLUX_CAN_COORDINATE"))]
    pub can_coordinate: Flag,

    /// It runs queries
    #[schemars(extend("x-env" = "EVENTFLUX_CAN_PROCESS"))]
    pub can_process: Flag,

    /// It keeps copies of state
    #[schemars(extend("x-env" = "EVENTFLUX_CAN_STORE_STATE"))]
    pub can_store_state: Flag,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            can_coordinate: Flag(true),
            can_process: Flag(true),
            can_store_state: Flag(true),
        }
    }
}
