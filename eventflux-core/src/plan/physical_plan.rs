//! The graph.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use xxhash_rust::xxh3::xxh3_64;

use super::describe::describe;
use super::{ChangelogMode, Edge, Node, NodeId, Port, dead_letter_schema, render};

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

    /// The columns and the kind of rows that an edge carries.
    pub fn rows_of(&self, edge: &Edge) -> (SchemaRef, ChangelogMode) {
        let from = self.node(edge.from);
        match edge.port {
            Port::Main => (Arc::clone(&from.schema), from.changelog.clone()),
            Port::Errors => (dead_letter_schema(), ChangelogMode::Append),
            // Late rows are handed on as they came in.
            Port::Late => match self.inputs(from.id).next() {
                Some(input) => self.rows_of(input),
                None => (Arc::clone(&from.schema), from.changelog.clone()),
            },
        }
    }

    /// The edges that leave a node.
    pub fn outputs(&self, id: NodeId) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == id)
    }

    /// What a node's spec says, as pairs of a word and its value, over the names of its input's columns.
    pub fn describe(&self, id: NodeId) -> Vec<(&'static str, String)> {
        let names = |edge: &Edge| {
            self.node(edge.from)
                .schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect()
        };
        describe(
            &self.node(id).spec,
            &self.inputs(id).map(names).collect::<Vec<_>>(),
        )
    }

    /// A number that is the same on every machine for the same plan, and another for a plan that does something else.
    pub fn fingerprint(&self) -> u64 {
        xxh3_64(render::json(self).to_string().as_bytes())
    }
}
