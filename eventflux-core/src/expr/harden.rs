//! What is changed in a compiled expression so that a row's outcome depends on the row alone.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Schema};
use datafusion_common::Result;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::Operator;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{BinaryExpr, InListExpr, not};

use super::fallible::can_fail;
use super::in_precision::InPrecision;
use super::lazy_logical::{LazyLogical, Logical};

/// The same expression, but
/// - AND, OR and IN evaluate what can fail only for the rows that need it ([`LazyLogical`]);
/// - integer and decimal arithmetic fails where it overflows, and decimals where they leave the digits of their type
///   ([`InPrecision`]).
///
/// CASE needs no change: DataFusion evaluates each branch for the rows that take it and for no others.
pub(super) fn harden(expression: Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let hardened = expression.transform_up(|node| {
        let harder = match (
            node.downcast_ref::<BinaryExpr>(),
            node.downcast_ref::<InListExpr>(),
        ) {
            (Some(binary), _) => harden_binary(binary, schema)?,
            (_, Some(list)) => harden_list(list, schema)?,
            _ => None,
        };
        Ok(harder.map_or(Transformed::no(node), Transformed::yes))
    })?;
    Ok(hardened.data)
}

fn harden_binary(binary: &BinaryExpr, schema: &Schema) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    let (left, right) = (Arc::clone(binary.left()), Arc::clone(binary.right()));
    let operator = match binary.op() {
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo => {
            let checked = BinaryExpr::new(left, *binary.op(), right).with_fail_on_overflow(true);
            return Ok(Some(match checked.data_type(schema)? {
                // A type of fewer digits is wide enough for whatever its operands can give.
                DataType::Decimal128(DECIMAL128_MAX_PRECISION, _)
                | DataType::Decimal256(DECIMAL256_MAX_PRECISION, _) => {
                    Arc::new(InPrecision::new(Arc::new(checked)))
                }
                _ => Arc::new(checked),
            }));
        }
        Operator::And => Logical::And,
        Operator::Or => Logical::Or,
        _ => return Ok(None),
    };
    if !can_fail(right.as_ref(), schema) {
        return Ok(None);
    }
    Ok(Some(Arc::new(LazyLogical::new(operator, left, right)?)))
}

/// `x IN (a, b)` as `x = a OR x = b`, where b is evaluated only for rows that are not equal to a, if one of the items can fail.
fn harden_list(list: &InListExpr, schema: &Schema) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    if !list.list().iter().any(|item| can_fail(item.as_ref(), schema)) {
        return Ok(None);
    }
    let mut any: Option<Arc<dyn PhysicalExpr>> = None;
    for item in list.list() {
        let equal: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(
            Arc::clone(list.expr()),
            Operator::Eq,
            Arc::clone(item),
        ));
        any = Some(match any {
            Some(any) => Arc::new(LazyLogical::new(Logical::Or, any, equal)?),
            None => equal,
        });
    }
    match any {
        Some(any) if list.negated() => Ok(Some(not(any)?)),
        any => Ok(any),
    }
}
