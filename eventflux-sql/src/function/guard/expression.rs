//! One expression.

use arrow::datatypes::FieldRef;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use super::CheckedArithmetic;
use super::cast::SqlCast;
use super::concatenation::Concatenation;
use super::pattern::with_backslash;
use crate::function::scalar::{bounded, check_unit, regexp_operator, similar_to};

/// The same expression, but by the rules of the language:
/// - arithmetic fails where it overflows or divides by zero;
/// - functions and `||` fail where they would give too much for one row;
/// - casts round, and write text, as PostgreSQL's;
/// - functions that need not all of their arguments (`coalesce`) become CASE, which evaluates none in vain.
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
        Expr::Cast(mut cast) => match guard_cast(*cast.expr, &cast.field, false, schema)? {
            Ok(ours) => Ok(Transformed::yes(ours)),
            Err(operand) => {
                cast.expr = Box::new(operand);
                Ok(Transformed::no(Expr::Cast(cast)))
            }
        },
        Expr::TryCast(mut cast) => match guard_cast(*cast.expr, &cast.field, true, schema)? {
            Ok(ours) => Ok(Transformed::yes(ours)),
            Err(operand) => {
                cast.expr = Box::new(operand);
                Ok(Transformed::no(Expr::TryCast(cast)))
            }
        },
        Expr::Like(like) if like.escape_char.is_some() => {
            Ok(Transformed::yes(Expr::Like(with_backslash(like)?)))
        }
        Expr::SimilarTo(like) => Ok(Transformed::yes(similar_to(like))),
        Expr::ScalarFunction(function) if function.func.short_circuits() => unfold(function),
        Expr::ScalarFunction(function) => {
            check_unit(&function)?;
            Ok(match bounded(&function.func) {
                Some(bounded) => Transformed::yes(bounded.call(function.args)),
                None => Transformed::no(Expr::ScalarFunction(function)),
            })
        }
        other => Ok(Transformed::no(other)),
    })
}

fn guard_binary(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let wraps = matches!(binary.op, Operator::Plus | Operator::Minus | Operator::Multiply);
    let divides = matches!(binary.op, Operator::Divide | Operator::Modulo);
    if let Some(call) = regexp_operator(&binary) {
        return Ok(Transformed::yes(call));
    }
    if binary.op == Operator::StringConcat
        && binary.left.get_type(schema)? == binary.right.get_type(schema)?
    {
        return Ok(Transformed::yes(Concatenation::call(*binary.left, *binary.right)));
    }
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

fn guard_cast(operand: Expr, to: &FieldRef, is_try: bool, schema: &DFSchema) -> Result<Result<Expr, Expr>> {
    let from = operand.get_type(schema)?;
    SqlCast::call(operand, &from, to.data_type(), is_try)
}

/// The CASE that a function stands for.
fn unfold(function: ScalarFunction) -> Result<Transformed<Expr>> {
    let ScalarFunction { func, args } = function;
    match func.simplify(args, &SimplifyContext::default())? {
        ExprSimplifyResult::Simplified(simple) => Ok(Transformed::yes(simple)),
        ExprSimplifyResult::Original(args) => Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction {
            func,
            args,
        }))),
    }
}
