//! Words that all formats share.

use crate::plan::describe::names;
use crate::plan::{ChangelogMode, Edge, Exchange, Node, Parallelism, PhysicalPlan, Port};

/// How rows get along an edge: `hash(sym)`, `forward`, with the port where it is not the main one.
pub(super) fn edge(plan: &PhysicalPlan, edge: &Edge) -> String {
    let exchange = match &edge.exchange {
        Exchange::Forward => "forward".to_owned(),
        Exchange::Hash(columns) => format!("hash({})", names(columns, &columns_of(plan.node(edge.from)))),
        Exchange::RoundRobin => "round robin".to_owned(),
        Exchange::Broadcast => "broadcast".to_owned(),
    };
    match edge.port {
        Port::Main => exchange,
        Port::Late => format!("late rows, {exchange}"),
        Port::Errors => format!("bad rows, {exchange}"),
    }
}

/// What rows a node emits: `append`, `changelog, key (sym)`.
pub(super) fn changelog(node: &Node) -> String {
    match &node.changelog {
        ChangelogMode::Append => "append".to_owned(),
        ChangelogMode::Changelog { unique_key: None } => "changelog".to_owned(),
        ChangelogMode::Changelog {
            unique_key: Some(key),
        } => {
            format!("changelog, key ({})", names(key, &columns_of(node)))
        }
    }
}

/// How many subtasks a node may have, where that is limited.
pub(super) fn parallelism(node: &Node) -> Option<String> {
    match node.parallelism {
        Parallelism::Any => None,
        Parallelism::AtMost(1) => Some("one subtask".to_owned()),
        Parallelism::AtMost(most) => Some(format!("at most {most} subtasks")),
    }
}

/// The names of the columns that a node emits.
pub(super) fn columns_of(node: &Node) -> Vec<String> {
    node.schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect()
}
