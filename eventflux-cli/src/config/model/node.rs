//! One node of a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::{Endpoint, Flag, IpAddress, List};

/// One node of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// What people call the node, unique in its cluster; without it, the host's name
    #[schemars(extend("x-env" = "EVENTFLUX_NODE_ID"))]
    pub node_id: Option<String>,

    /// Where the others reach it, `host:port`: first its control plane, second its data plane. Without the second, that is at the next
    /// port; without any, the first is the seed node whose host is or begins with the node's id, or else `127.0.0.1:8080`
    #[schemars(extend("x-env" = "EVENTFLUX_NODE_ENDPOINTS"))]
    pub endpoints: List<Endpoint>,

    /// The address to listen at, with the ports of `endpoints`; without it, what their hosts stand for: `0.0.0.0`
    #[schemars(extend("x-env" = "EVENTFLUX_NODE_BIND"))]
    pub bind: Option<IpAddress>,

    /// Who it is and what the cluster has agreed on; without it, `./eventflux-data/` and the node's id. Nothing else may be there
    #[schemars(extend("x-env" = "EVENTFLUX_DATA_DIR"))]
    pub data_dir: Option<String>,

    /// What it does for the cluster
    pub capabilities: Capabilities,
}

/// What a node does for the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// It takes part in decisions: one, three or five nodes do
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
