//! Logical plans as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_expr::{Expr, GroupingSet, LogicalPlan};

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
    let names = Names::below(plan);
    match plan {
        LogicalPlan::Projection(projection) => format!("project {}", names.list(&projection.expr)),
        LogicalPlan::Filter(filter) => format!("filter {}", names.text(&filter.predicate)),
        LogicalPlan::Aggregate(aggregate) => {
            let calls = names.unnamed(&aggregate.aggr_expr);
            let by = match aggregate.group_expr.as_slice() {
                [] => String::new(),
                [Expr::GroupingSet(set)] => format!("by {}", names.sets(set)),
                keys => format!("by {}", names.unnamed(keys)),
            };
            let parts = [calls, by];
            let parts: Vec<_> = parts
                .iter()
                .map(String::as_str)
                .filter(|part| !part.is_empty())
                .collect();
            format!("aggregate {}", parts.join(" "))
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

/// Columns without a name of their own: the planner names them by the expression that an aggregation below computes.
struct Names<'a>(BTreeMap<String, &'a Expr>);

impl<'a> Names<'a> {
    fn below(plan: &'a LogicalPlan) -> Self {
        let mut names = BTreeMap::new();
        let mut inputs: Vec<&LogicalPlan> = plan.inputs();
        while let Some(input) = inputs.pop() {
            match input {
                LogicalPlan::Aggregate(aggregate) => {
                    let keys = aggregate.group_expr.iter().flat_map(|key| match key {
                        Expr::GroupingSet(set) => set.distinct_expr(),
                        key => vec![key],
                    });
                    let computed = keys.chain(&aggregate.aggr_expr);
                    for expr in computed.filter(|expr| !matches!(expr, Expr::Column(_))) {
                        names.insert(expr.schema_name().to_string(), unaliased(expr));
                    }
                }
                // These hand the names on.
                LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {
                    inputs.extend(input.inputs());
                }
                _ => {}
            }
        }
        Self(names)
    }

    fn text(&self, expr: &Expr) -> String {
        let written_out = expr.clone().transform(|part| {
            let found = match &part {
                Expr::Column(column) => self.0.get(&column.name),
                _ => None,
            };
            Ok(match found {
                Some(found) => Transformed::yes((*found).clone()),
                None => Transformed::no(part),
            })
        });
        // Replacing never fails.
        written_out
            .data()
            .map_or_else(|_| expression_text(expr), |expr| expression_text(&expr))
    }

    fn list(&self, exprs: &[Expr]) -> String {
        let named = |expr: &Expr| match expr {
            Expr::Alias(alias) if !matches!(&*alias.expr, Expr::Column(column) if column.name == alias.name) =>
            {
                format!("{} as {}", self.text(&alias.expr), alias.name)
            }
            expr => self.text(unaliased(expr)),
        };
        exprs.iter().map(named).collect::<Vec<_>>().join(", ")
    }

    /// Expressions whose names are the planner's.
    fn unnamed(&self, exprs: &[Expr]) -> String {
        let text = |expr: &Expr| self.text(unaliased(expr));
        exprs.iter().map(text).collect::<Vec<_>>().join(", ")
    }

    fn sets(&self, set: &GroupingSet) -> String {
        match set {
            GroupingSet::Rollup(keys) => format!("rollup ({})", self.unnamed(keys)),
            GroupingSet::Cube(keys) => format!("cube ({})", self.unnamed(keys)),
            GroupingSet::GroupingSets(sets) => {
                let sets = sets.iter().map(|set| format!("({})", self.unnamed(set)));
                format!("grouping sets ({})", sets.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        expr => expr,
    }
}
