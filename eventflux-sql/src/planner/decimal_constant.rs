//! Constants such as `0.1` are exact where they meet a DECIMAL, and DOUBLE everywhere else.
//!
//! PostgreSQL takes such constants for NUMERIC; here a division of two of them would then have few digits. So the other
//! operand decides: `amount * 1.1` is exact if `amount` is, and `distance * 1.1` is what floating point makes of it.

use arrow::datatypes::DataType;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan};

/// The plan with exact constants where they meet a DECIMAL. Runs before types are settled.
pub(crate) fn decimal_constants(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(decimal_constants_of(expr, &schema)?.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    })
    .data()
}

/// The expression with exact constants where they meet a DECIMAL.
pub(crate) fn decimal_constants_of(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expr.transform_up(|part| {
        let operands: Vec<&Expr> = match &part {
            Expr::BinaryExpr(binary) => vec![&binary.left, &binary.right],
            Expr::Between(between) => vec![&between.expr, &between.low, &between.high],
            Expr::InList(list) => std::iter::once(list.expr.as_ref()).chain(&list.list).collect(),
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
                branches.chain(case.else_expr.as_deref()).collect()
            }
            Expr::ScalarFunction(call) if takes_one_type(call.name()) => call.args.iter().collect(),
            _ => return Ok(Transformed::no(part)),
        };
        let is_decimal = |expr: &&Expr| matches!(expr.get_type(schema), Ok(DataType::Decimal128(..)));
        if !operands.iter().any(is_decimal) || !operands.iter().any(|expr| exact(expr).is_some()) {
            return Ok(Transformed::no(part));
        }
        let conditions: Vec<Expr> = match &part {
            Expr::Case(case) => case
                .when_then_expr
                .iter()
                .map(|(when, _)| when.as_ref().clone())
                .collect(),
            _ => Vec::new(),
        };
        part.map_children(|child| {
            // The conditions of CASE are no operands of it.
            if conditions.contains(&child) {
                return Ok(Transformed::no(child));
            }
            Ok(match exact(&child) {
                Some(value) => Transformed::yes(Expr::Literal(value, None)),
                None => Transformed::no(child),
            })
        })
    })
}

/// Functions that give one of their arguments.
fn takes_one_type(function: &str) -> bool {
    matches!(function, "coalesce" | "nullif" | "greatest" | "least")
}

/// The exact value of a constant that was read as DOUBLE.
fn exact(expr: &Expr) -> Option<ScalarValue> {
    let Expr::Literal(ScalarValue::Float64(Some(value)), _) = expr else {
        return None;
    };
    // The shortest text that reads back as the same number: what was written, up to 17 digits.
    let text = value.to_string();
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text.as_str()), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let unscaled: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = i8::try_from(fraction.len()).ok()?;
    let precision = u8::try_from(unscaled.to_string().len().max(fraction.len() + 1)).ok()?;
    (precision <= 38).then(|| ScalarValue::Decimal128(Some(sign * unscaled), precision, scale))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Schema};
    use datafusion_expr::{col, lit, when};

    use super::*;

    fn schema() -> DFSchema {
        let fields = vec![
            Field::new("d", DataType::Decimal128(5, 2), true),
            Field::new("f", DataType::Float64, true),
        ];
        DFSchema::try_from(Schema::new(fields)).unwrap()
    }

    fn rewritten(expr: Expr) -> Expr {
        decimal_constants_of(expr, &schema()).unwrap().data
    }

    fn decimal(unscaled: i128, precision: u8, scale: i8) -> Expr {
        Expr::Literal(ScalarValue::Decimal128(Some(unscaled), precision, scale), None)
    }

    #[test]
    fn constants_are_exact_beside_decimals() {
        assert_eq!(rewritten(col("d") * lit(1.1)), col("d") * decimal(11, 2, 1));
        assert_eq!(
            rewritten(col("d").gt(lit(-0.005))),
            col("d").gt(decimal(-5, 4, 3))
        );
        assert_eq!(rewritten(lit(25.0) - col("d")), decimal(25, 2, 0) - col("d"));
    }

    #[test]
    fn constants_are_double_everywhere_else() {
        for expr in [
            col("f") * lit(1.1),
            lit(0.1) + lit(0.2),
            col("f").between(lit(0.1), lit(0.2)),
        ] {
            assert_eq!(rewritten(expr.clone()), expr);
        }
    }

    #[test]
    fn branches_of_case_are_exact_and_its_conditions_are_their_own() {
        let case = |then: Expr| when(col("f").gt(lit(0.5)), col("d")).otherwise(then).unwrap();
        assert_eq!(rewritten(case(lit(0.5))), case(decimal(5, 2, 1)));
    }
}
