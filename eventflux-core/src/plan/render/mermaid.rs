//! Mermaid, which many Markdown viewers draw.

use std::fmt::Write;

use super::label;
use crate::plan::PhysicalPlan;

/// The plan as a `flowchart`.
pub fn mermaid(plan: &PhysicalPlan) -> String {
    let mut out = String::from("flowchart LR\n");
    for node in &plan.nodes {
        let lines = std::iter::once(node.name.clone()).chain(
            plan.describe(node.id)
                .into_iter()
                .map(|(word, value)| format!("{word}: {value}")),
        );
        let text = lines.map(|line| escaped(&line)).collect::<Vec<_>>().join("<br/>");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}[\"{text}\"]", node.id);
    }
    for edge in &plan.edges {
        let _ = writeln!(
            out,
            "  {} -->|\"{}\"| {}",
            edge.from,
            escaped(&label::edge(plan, edge)),
            edge.to
        );
    }
    out
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => "#quot;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            '#' => "#35;".to_owned(),
            '\n' => " ".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
