//! Graphviz.

use std::fmt::Write;

use super::label;
use crate::plan::PhysicalPlan;

/// The plan as a `digraph`.
pub fn dot(plan: &PhysicalPlan) -> String {
    let mut out = String::from(
        "digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"monospace\", fontsize=10];\n",
    );
    for node in &plan.nodes {
        let lines = std::iter::once(node.name.clone()).chain(
            plan.describe(node.id)
                .into_iter()
                .map(|(word, value)| format!("{word}: {value}")),
        );
        let text: String = lines.map(|line| format!("{}\\l", escaped(&line))).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {} [label=\"{text}\"];", node.id);
    }
    for edge in &plan.edges {
        let text = escaped(&label::edge(plan, edge));
        let _ = writeln!(
            out,
            "  {} -> {} [label=\"{text}\", fontsize=9];",
            edge.from, edge.to
        );
    }
    out.push_str("}\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}
