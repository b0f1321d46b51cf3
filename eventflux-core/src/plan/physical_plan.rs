//! The graph.

use super::{Edge, Node, NodeId};

/// A graph of operators. Nodes are in topological order: every edge goes to a later node.
#[derive(Debug, Clone)]
pub struct PhysicalPlan {
    /// The operators; a node's id is its index.
    pub nodes: Vec<Node>,
    /// The edges, ordered by (to, input).
    pub edges: Vec<Edge>,
    /// How many key groups the app has: fixed when it is created, 1 to 32 768.
    pub key_groups: u32,
}

/// The default number of key groups.
pub const DEFAULT_KEY_GROUPS: u32 = 1024;

impl PhysicalPlan {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The edges that end at a node, by input.
    pub fn inputs(&self, id: NodeId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.to == id)
    }

    /// The edges that leave a node.
    pub fn outputs(&self, id: NodeId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == id)
    }
}
