//! The graph while it grows: nodes with ids that stay, edges, and the order at the end.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::SchemaRef;
use eventflux_core::plan::{
    ChangelogMode, Edge, Exchange, Node, NodeId, OperatorSpec, Parallelism, PhysicalPlan, Port, TextSpan,
};

use crate::diagnostic::Span;

/// Nodes and edges so far.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    ids: BTreeSet<String>,
}

/// A node to be added.
pub(super) struct NewNode {
    pub(super) operator_id: String,
    pub(super) name: String,
    pub(super) spec: OperatorSpec,
    pub(super) schema: SchemaRef,
    pub(super) changelog: ChangelogMode,
    pub(super) parallelism: Parallelism,
    pub(super) span: Option<Span>,
}

impl Graph {
    /// Adds a node. An operator id that is taken already gets a number behind it.
    pub(super) fn add(&mut self, node: NewNode) -> NodeId {
        let id = NodeId(self.nodes.len());
        let mut operator_id = node.operator_id.clone();
        let mut number = 2_u32;
        while !self.ids.insert(operator_id.clone()) {
            operator_id = format!("{}-{number}", node.operator_id);
            number += 1;
        }
        self.nodes.push(Node {
            id,
            operator_id,
            name: node.name,
            spec: node.spec,
            schema: node.schema,
            changelog: node.changelog,
            parallelism: node.parallelism,
            span: node.span.map(|span| TextSpan {
                start: span.start,
                end: span.end,
            }),
        });
        id
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Joins two nodes by an edge of the main output.
    pub(super) fn connect(&mut self, from: NodeId, to: NodeId, input: usize, exchange: Exchange) {
        self.connect_port(from, Port::Main, to, input, exchange);
    }

    /// Joins two nodes by an edge of any output.
    pub(super) fn connect_port(
        &mut self,
        from: NodeId,
        port: Port,
        to: NodeId,
        input: usize,
        exchange: Exchange,
    ) {
        self.edges.push(Edge {
            from,
            port,
            to,
            input,
            exchange,
        });
    }

    /// How many edges end at a node.
    pub(super) fn input_count(&self, id: NodeId) -> usize {
        self.edges.iter().filter(|edge| edge.to == id).count()
    }

    /// The plan, in topological order; `None` if edges go round in a circle.
    pub(super) fn finish(self, key_groups: u32) -> Option<PhysicalPlan> {
        let order = self.order()?;
        let place: BTreeMap<NodeId, NodeId> = order
            .iter()
            .enumerate()
            .map(|(new, old)| (*old, NodeId(new)))
            .collect();
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let sorted = order.iter().enumerate().filter_map(|(new, old)| {
            let node = nodes[old.0].take()?;
            Some(Node {
                id: NodeId(new),
                ..node
            })
        });
        let nodes = sorted.collect();
        let mut edges: Vec<Edge> = self
            .edges
            .into_iter()
            .map(|edge| Edge {
                from: place[&edge.from],
                to: place[&edge.to],
                ..edge
            })
            .collect();
        edges.sort_by_key(|edge| (edge.to, edge.input, edge.from, edge.port));
        Some(PhysicalPlan {
            nodes,
            edges,
            key_groups,
        })
    }

    /// Nodes behind all that they read, otherwise in the order in which they were added.
    fn order(&self) -> Option<Vec<NodeId>> {
        let mut waiting: Vec<usize> = self.nodes.iter().map(|node| self.input_count(node.id)).collect();
        let mut ready: BTreeSet<NodeId> = self
            .nodes
            .iter()
            .map(|node| node.id)
            .filter(|id| waiting[id.0] == 0)
            .collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(id) = ready.pop_first() {
            order.push(id);
            for edge in self.edges.iter().filter(|edge| edge.from == id) {
                waiting[edge.to.0] -= 1;
                if waiting[edge.to.0] == 0 {
                    ready.insert(edge.to);
                }
            }
        }
        (order.len() == self.nodes.len()).then_some(order)
    }
}
