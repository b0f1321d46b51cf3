//! Logical plans as text.

use std::fmt::Write;

use datafusion_expr::{Expr, LogicalPlan};

use crate::function::expression_text;

/// The plan, its last step first, each input one step further to the right.
pub(crate) fn logical_text(plan: &LogicalPlan) -> String {
    let mut out = String::new();
    write_node(plan, 0, &mut out);
    out
}

fn write_node(plan: &LogicalPlan, depth: usize, out: &mut String) {
    // An alias is a name only.
    let is_alias = matches!(plan, LogicalPlan::SubqueryAlias(_));
    if !is_alias {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}{}", "  ".repeat(depth), line(plan));
    }
    for input in plan.inputs() {
        write_node(input, if is_alias { depth } else { depth + 1 }, out);
    }
}

fn line(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::Projection(projection) => format!("project {}", list(&projection.expr)),
        LogicalPlan::Filter(filter) => format!("filter {}", expression_text(&filter.predicate)),
        LogicalPlan::Aggregate(aggregate) => {
            let by = if aggregate.group_expr.is_empty() {
                String::new()
            } else {
                format!(" by {}", list(&aggregate.group_expr))
            };
            format!("aggregate {}{by}", list(&aggregate.aggr_expr))
        }
        LogicalPlan::TableScan(scan) => {
            let columns = scan
                .projected_schema
                .fields()
                .iter()
                .map(|field| field.name().as_str());
            format!(
                "read {} ({})",
                scan.table_name,
                columns.collect::<Vec<_>>().join(", ")
            )
        }
        LogicalPlan::Union(_) => "union all".to_owned(),
        LogicalPlan::Values(values) => format!("{} given rows", values.values.len()),
        LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => "one row".to_owned(),
        LogicalPlan::EmptyRelation(_) => "no rows".to_owned(),
        other => other.display().to_string().to_lowercase(),
    }
}

fn list(exprs: &[Expr]) -> String {
    let named = |expr: &Expr| match expr {
        Expr::Alias(alias) if expression_text(&alias.expr) != alias.name => {
            format!("{} as {}", expression_text(&alias.expr), alias.name)
        }
        expr => expression_text(expr),
    };
    exprs.iter().map(named).collect::<Vec<_>>().join(", ")
}
