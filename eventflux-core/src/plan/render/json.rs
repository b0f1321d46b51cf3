//! One JSON object: complete, in a fixed order; a plan's fingerprint is taken over it.

use serde_json::{Value, json};

use super::label;
use crate::plan::{Node, PhysicalPlan};

/// The plan as `{"key_groups", "nodes": […], "edges": […]}`.
pub fn json(plan: &PhysicalPlan) -> Value {
    let edges: Vec<Value> = plan
        .edges
        .iter()
        .map(|edge| {
            json!({
                "from": edge.from.0,
                "to": edge.to.0,
                "input": edge.input,
                "port": format!("{:?}", edge.port).to_lowercase(),
                "exchange": label::edge(plan, edge),
            })
        })
        .collect();
    let nodes: Vec<Value> = plan.nodes.iter().map(|node| node_json(plan, node)).collect();
    json!({ "key_groups": plan.key_groups, "nodes": nodes, "edges": edges })
}

fn node_json(plan: &PhysicalPlan, node: &Node) -> Value {
    let columns: Vec<Value> = node
        .schema
        .fields()
        .iter()
        .map(|field| json!({ "name": field.name(), "type": field.data_type().to_string(), "nullable": field.is_nullable() }))
        .collect();
    let spec: Vec<Value> = plan
        .describe(node.id)
        .into_iter()
        .map(|(word, value)| json!([word, value]))
        .collect();
    json!({
        "id": node.id.0,
        "operator_id": node.operator_id,
        "name": node.name,
        "does": spec,
        "columns": columns,
        "emits": label::changelog(node),
        "parallelism": label::parallelism(node),
    })
}
