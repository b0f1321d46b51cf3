//! Keys of grouping sets as columns: what is computed is computed below the aggregation.
//!
//! The optimiser keeps the name of an expression that it simplifies, but not within a grouping set.

use std::sync::Arc;

use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{Column, Result};
use datafusion_expr::{Aggregate, Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder};

/// The plan with grouping sets of columns only.
pub(crate) fn keys_as_columns(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up(|node| match node {
        LogicalPlan::Aggregate(aggregate) => with_columns(aggregate),
        node => Ok(Transformed::no(node)),
    })
    .data()
}

fn with_columns(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let [Expr::GroupingSet(set)] = aggregate.group_expr.as_slice() else {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    };
    let keys = set.distinct_expr();
    let computed: Vec<Expr> = keys
        .into_iter()
        .filter(|key| !matches!(key, Expr::Column(_)))
        .cloned()
        .collect();
    if computed.is_empty() {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let given = aggregate.input.schema().columns().into_iter().map(Expr::Column);
    let named = computed.iter().map(|key| key.clone().alias(name(key)));
    let input = LogicalPlanBuilder::from(aggregate.input.as_ref().clone())
        .project(given.chain(named))?
        .build()?;
    let set = match set.clone() {
        GroupingSet::Rollup(keys) => GroupingSet::Rollup(columns(keys)),
        GroupingSet::Cube(keys) => GroupingSet::Cube(columns(keys)),
        GroupingSet::GroupingSets(sets) => GroupingSet::GroupingSets(sets.into_iter().map(columns).collect()),
    };
    let calls = aggregate.aggr_expr.into_iter().map(|call| {
        let call = call.transform_up(|part| match part {
            // `grouping` names keys.
            Expr::AggregateFunction(mut call) if call.func.name() == "grouping" => {
                call.params.args = columns(call.params.args);
                Ok(Transformed::yes(Expr::AggregateFunction(call)))
            }
            part => Ok(Transformed::no(part)),
        });
        call.data()
    });
    let calls = calls.collect::<Result<Vec<Expr>>>()?;
    let aggregate = Aggregate::try_new(Arc::new(input), vec![Expr::GroupingSet(set)], calls)?;
    Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
}

fn columns(keys: Vec<Expr>) -> Vec<Expr> {
    let column = |key: Expr| match key {
        Expr::Column(_) => key,
        key => Expr::Column(Column::new_unqualified(name(&key))),
    };
    keys.into_iter().map(column).collect()
}

fn name(key: &Expr) -> String {
    key.schema_name().to_string()
}
