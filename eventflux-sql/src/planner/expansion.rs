//! How large a condition becomes when it is written out.
//!
//! The optimiser moves a condition below the sub-queries that it is about, and puts their expressions in the place of their
//! columns. A column that each of forty sub-queries names twice would be there a trillion times.

use std::collections::HashMap;

use datafusion_common::Column;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, LogicalPlan};

/// How many parts a condition may have.
pub(crate) const PARTS_MAX: u64 = 10_000;

/// Whether no condition of a plan is larger than [`PARTS_MAX`] when it is written out.
pub(crate) fn is_bounded(plan: &LogicalPlan) -> bool {
    sizes(plan).is_some()
}

/// How many parts each column of a plan has, written out; `None` if a condition has too many.
fn sizes(plan: &LogicalPlan) -> Option<Vec<u64>> {
    let inputs: Vec<Vec<u64>> = plan.inputs().into_iter().map(sizes).collect::<Option<_>>()?;
    let named = || -> HashMap<Column, u64> {
        let columns = plan
            .inputs()
            .into_iter()
            .flat_map(|input| input.schema().columns());
        columns.zip(inputs.iter().flatten().copied()).collect()
    };
    let column_count = plan.schema().fields().len();
    let mut own = match plan {
        LogicalPlan::Projection(projection) => {
            let named = named();
            projection.expr.iter().map(|expr| size(expr, &named)).collect()
        }
        LogicalPlan::Aggregate(aggregate) => {
            let named = named();
            aggregate.group_expr.iter().map(|key| size(key, &named)).collect()
        }
        LogicalPlan::Filter(filter) => {
            if size(&filter.predicate, &named()) > PARTS_MAX {
                return None;
            }
            inputs.into_iter().next().unwrap_or_default()
        }
        // A column of a union is the largest of its inputs'.
        _ => inputs
            .into_iter()
            .reduce(|a, b| a.iter().zip(&b).map(|(a, b)| *a.max(b)).collect())
            .unwrap_or_default(),
    };
    own.resize(column_count, 1);
    Some(own)
}

fn size(expr: &Expr, columns: &HashMap<Column, u64>) -> u64 {
    let mut size = 0_u64;
    // The closure never fails.
    let _ = expr.apply(|part| {
        let own = match part {
            Expr::Column(column) => columns.get(column).copied().unwrap_or(1),
            _ => 1,
        };
        size = size.saturating_add(own);
        Ok(TreeNodeRecursion::Continue)
    });
    size
}
