//! State, and what joins nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Admin, Cluster, Coordination, Node, StateBackend, Transport};

/// State, and what joins nodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Distributed {
    /// This node. `node_id: x` is short for `node: {node_id: x}`
    pub node: Node,

    /// Which nodes there are
    pub cluster: Cluster,

    /// How nodes send rows to each other. `transport: grpc` is short for `transport: {implementation: grpc}`
    pub transport: Transport,

    /// Where checkpoints are kept, on one node, too. `state_backend: memory` is short for `state_backend: {implementation: memory}`, and
    /// it may also stand directly below `eventflux`
    pub state_backend: StateBackend,

    /// How nodes agree
    pub coordination: Coordination,

    /// Who may command the cluster over HTTP
    pub admin: Admin,
}
