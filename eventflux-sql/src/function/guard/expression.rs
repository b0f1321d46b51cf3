//! One expression.

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use super::CheckedArithmetic;

/// The same expression, but by the rules of the language: arithmetic fails where it overflows or divides by zero.
pub fn guard_expression(expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expression.transform_up(|node| match node {
        Expr::BinaryExpr(binary) => guard_binary(binary, schema),
        Expr::Negative(operand) if operand.get_type(schema)?.is_signed_integer() => {
            let zero = ScalarValue::new_zero(&operand.get_type(schema)?)?;
            let zero = Expr::Literal(zero, None);
            Ok(Transformed::yes(CheckedArithmetic::call(
                zero,
                Operator::Minus,
                *operand,
            )))
        }
        other => Ok(Transformed::no(other)),
    })
}

fn guard_binary(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let wraps = matches!(binary.op, Operator::Plus | Operator::Minus | Operator::Multiply);
    let divides = matches!(binary.op, Operator::Divide | Operator::Modulo);
    if !(wraps || divides) {
        return Ok(Transformed::no(Expr::BinaryExpr(binary)));
    }
    let (left, right) = (binary.left.get_type(schema)?, binary.right.get_type(schema)?);
    let exact = (left.is_integer() || left.is_decimal()) && (right.is_integer() || right.is_decimal());
    let floating = left.is_floating() && right.is_floating();
    if (wraps && exact) || (divides && floating) {
        return Ok(Transformed::yes(CheckedArithmetic::call(
            *binary.left,
            binary.op,
            *binary.right,
        )));
    }
    Ok(Transformed::no(Expr::BinaryExpr(binary)))
}
