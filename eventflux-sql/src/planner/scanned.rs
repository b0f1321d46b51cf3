//! Which relations a logical plan reads.

use std::collections::BTreeSet;

use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::{LogicalPlan, TableScan};

use super::provider::RelationSource;
use crate::catalog::RelationId;

/// The relation that a scan reads.
pub(crate) fn relation_of(scan: &TableScan) -> Result<RelationId> {
    let source = scan.source.downcast_ref::<RelationSource>();
    source
        .map(|source| source.id)
        .ok_or_else(|| DataFusionError::Internal(format!("{} is no relation of ours", scan.table_name)))
}

/// The relations that a plan reads.
pub(crate) fn scanned(plan: &LogicalPlan) -> Result<BTreeSet<RelationId>> {
    let mut found = BTreeSet::new();
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            found.insert(relation_of(scan)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}
