//! Lines for a terminal.

use std::fmt::Write;

use super::label;
use crate::plan::PhysicalPlan;

/// Each operator in topological order with what it does, where its rows come from, and what rows it emits.
pub fn text(plan: &PhysicalPlan) -> String {
    let mut out = String::new();
    for node in &plan.nodes {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}  {}", node.id, node.name);
        let mut lines: Vec<(&str, String)> = Vec::new();
        for edge in plan.inputs(node.id) {
            lines.push(("from", format!("{} ({})", edge.from, label::edge(plan, edge))));
        }
        lines.extend(plan.describe(node.id));
        lines.push((
            "emits",
            format!(
                "{}: {}",
                label::changelog(node),
                label::columns_of(node).join(", ")
            ),
        ));
        lines.extend(label::parallelism(node).map(|limit| ("runs as", limit)));
        lines.push(("id", node.operator_id.clone()));
        for (word, value) in lines {
            let _ = writeln!(out, "    {word:<16}  {value}");
        }
    }
    out
}
