//! `substring(text FROM pattern)`.

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::planner::{ExprPlanner, PlannerResult};
use datafusion_expr::{Expr, ScalarUDF};

/// Plans `substring(text FROM 'pattern')`, where other planners see a position.
#[derive(Debug)]
pub(in crate::function) struct SubstringPattern {
    function: Arc<ScalarUDF>,
}

impl SubstringPattern {
    /// Substrings by this function.
    pub(in crate::function) fn new(function: Arc<ScalarUDF>) -> Self {
        Self { function }
    }
}

impl ExprPlanner for SubstringPattern {
    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let is_pattern =
            |from: &Expr| matches!(from, Expr::Literal(value, _) if value.try_as_str().is_some());
        match &args[..] {
            [_, from] if is_pattern(from) => {
                let call = ScalarFunction::new_udf(Arc::clone(&self.function), args);
                Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
            }
            _ => Ok(PlannerResult::Original(args)),
        }
    }
}
