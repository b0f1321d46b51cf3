//! The columns that an expression reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Result, internal_err};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Column;
use datafusion_physical_expr::utils::collect_columns;

/// Their indices, ascending.
pub(super) fn columns_of(expression: &Arc<dyn PhysicalExpr>) -> Vec<usize> {
    let columns: BTreeSet<usize> = collect_columns(expression).iter().map(Column::index).collect();
    columns.into_iter().collect()
}

/// The same expression over other rows: `place` says where a column is in them.
///
/// **Errors** A column that it reads has no place.
pub(super) fn move_columns(
    expression: Arc<dyn PhysicalExpr>,
    place: impl Fn(usize) -> Option<usize>,
) -> Result<Arc<dyn PhysicalExpr>> {
    let moved = expression.transform_up(|node| {
        let Some(column) = node.downcast_ref::<Column>() else {
            return Ok(Transformed::no(node));
        };
        match place(column.index()) {
            Some(index) if index == column.index() => Ok(Transformed::no(node)),
            Some(index) => Ok(Transformed::yes(Arc::new(Column::new(column.name(), index)))),
            None => internal_err!("column {} has no place", column.name()),
        }
    })?;
    Ok(moved.data)
}
