//! The operators.

use datafusion_common::{DFSchema, Result};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion_expr::{Expr, ScalarUDF};
use sqlparser::ast::BinaryOperator;
use std::sync::Arc;

/// Plans `->`, `->>`, `#>` and `#>>` as calls.
#[derive(Debug)]
pub(in crate::function) struct JsonOperators {
    functions: Vec<(BinaryOperator, Arc<ScalarUDF>)>,
}

impl JsonOperators {
    /// Operators that call these functions.
    pub(in crate::function) fn new(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Self {
        let operators = [
            (BinaryOperator::Arrow, "json_get"),
            (BinaryOperator::LongArrow, "json_get_text"),
            (BinaryOperator::HashArrow, "json_get_path"),
            (BinaryOperator::HashLongArrow, "json_get_path_text"),
        ];
        let functions = operators
            .into_iter()
            .filter_map(|(operator, name)| Some((operator, find(name)?)));
        Self {
            functions: functions.collect(),
        }
    }
}

impl ExprPlanner for JsonOperators {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        _schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let Some((_, function)) = self.functions.iter().find(|(operator, _)| *operator == expr.op) else {
            return Ok(PlannerResult::Original(expr));
        };
        let call = ScalarFunction::new_udf(Arc::clone(function), vec![expr.left, expr.right]);
        Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
    }
}
