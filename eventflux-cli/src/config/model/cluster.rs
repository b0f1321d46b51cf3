//! Which nodes there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::{Endpoint, List, Period, Whole};

/// Which nodes there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// Nodes of other clusters are turned away
    #[schemars(extend("x-env" = "EVENTFLUX_CLUSTER_NAME"))]
    pub cluster_name: String,

    /// Control planes to find the cluster by, `host:port`, its own among them. Those that can coordinate form the cluster when all of them
    /// answer
    #[schemars(extend("x-env" = "EVENTFLUX_SEED_NODES"))]
    pub seed_nodes: List<Endpoint>,

    /// Pipelines run while so many nodes are there
    #[schemars(extend("x-env" = "EVENTFLUX_MIN_NODES"))]
    pub min_nodes: Whole<1, 1000>,

    /// How often a node says that it is there
    #[schemars(extend("x-env" = "EVENTFLUX_HEARTBEAT_INTERVAL"))]
    pub heartbeat_interval: Period,

    /// A node that is silent for so long has failed. One whose connection ends is missed sooner
    #[schemars(extend("x-env" = "EVENTFLUX_FAILURE_TIMEOUT"))]
    pub failure_timeout: Period,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            cluster_name: "eventflux".to_owned(),
            seed_nodes: List::default(),
            min_nodes: Whole::new(1),
            heartbeat_interval: Period::milliseconds(300),
            failure_timeout: Period::seconds(2),
        }
    }
}
