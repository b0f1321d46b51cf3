//! Which columns of a stream anything needs.

use std::collections::{BTreeMap, BTreeSet};

use datafusion_common::Result;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use crate::catalog::{Catalog, RelationId};
use crate::planner::insert::insertable;
use crate::planner::scanned::relation_of;

/// The columns that queries read, by relation.
#[derive(Debug, Default)]
pub(super) struct Needs {
    columns: BTreeMap<RelationId, BTreeSet<usize>>,
}

impl Needs {
    /// Adds what a plan reads.
    pub(super) fn add_reads(&mut self, plan: &LogicalPlan, catalog: &Catalog) -> Result<()> {
        plan.apply(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let id = relation_of(scan)?;
                let relation = catalog.get(id);
                let all = 0..relation.columns.len();
                let columns = self.columns.entry(id).or_default();
                match &scan.projection {
                    // Late rows leave with all columns of their stream.
                    Some(projection) if relation.engine.late.is_none() => columns.extend(projection),
                    _ => columns.extend(all),
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(())
    }

    /// The columns of a relation that are read.
    pub(super) fn of(&self, id: RelationId) -> BTreeSet<usize> {
        self.columns.get(&id).cloned().unwrap_or_default()
    }

    /// The columns that an INSERT has to fill: those that are read, those that others are computed from, the event time;
    /// all of them if the rows leave the app.
    pub(super) fn of_insert(&self, id: RelationId, catalog: &Catalog, is_output: bool) -> Vec<usize> {
        let relation = catalog.get(id);
        let all = insertable(relation);
        let is_computing = relation.columns.iter().any(crate::catalog::Column::is_computed);
        if is_output || is_computing {
            return all;
        }
        let read = self.of(id);
        let time = relation.event_time.map(|time| time.column);
        let mut needed: Vec<usize> = all
            .iter()
            .copied()
            .filter(|index| read.contains(index) || time == Some(*index))
            .collect();
        if needed.is_empty() {
            // Rows have to be counted.
            needed.extend(all.first());
        }
        needed
    }
}

/// A plan with only these of its columns. `all` are the relation's columns that the plan's columns fill.
pub(super) fn narrowed(plan: LogicalPlan, all: &[usize], needed: &[usize]) -> Result<LogicalPlan> {
    if all == needed {
        return Ok(plan);
    }
    let columns = plan.schema().columns();
    let kept = all
        .iter()
        .zip(columns)
        .filter(|(index, _)| needed.contains(index));
    let exprs: Vec<Expr> = kept.map(|(_, column)| Expr::Column(column)).collect();
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}
