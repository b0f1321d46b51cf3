//! From typed expressions to what the engine evaluates.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::Schema;
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, Result};
use datafusion_expr::Expr;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::utils::split_conjunction;
use datafusion_physical_expr::expressions::BinaryExpr;
use datafusion_physical_expr::{PhysicalExpr, ScalarFunctionExpr, create_physical_expr};
use eventflux_core::expr::Expression;

use super::guard::{CheckedArithmetic, guard_expression};
use super::text::expression_text;

static PROPS: LazyLock<ExecutionProps> = LazyLock::new(|| {
    let mut options = ConfigOptions::default();
    options.execution.time_zone = Some("UTC".to_owned());
    // Without a start time, nothing takes the time of planning for the time of a row.
    let mut props = ExecutionProps::new();
    props.config_options = Some(Arc::new(options));
    props
});

/// Compiles an expression whose types are settled, over rows that have the columns of the schema.
///
/// The result is safe for streams: whether and how a row fails depends on that row alone, integers do not wrap around, and
/// nothing but the row and the clock of the running subtask takes part.
///
/// **Errors** The expression names no column of the schema, or cannot be run.
pub fn compile_expression(expression: &Expr, schema: &DFSchema) -> Result<Expression> {
    let text = expression_text(expression);
    let guarded = guard_expression(expression.clone(), schema)?.data;
    let physical = create_physical_expr(&guarded, schema, &PROPS, &PhysicalPlanningContext::default())?;
    let physical = native_arithmetic(physical, schema.as_arrow())?;
    Expression::hardened(physical, text, schema.as_arrow())
}

/// Compiles a condition to filters that are applied one after the other.
///
/// Each part of a chain of ANDs is one. Parts that cannot fail come first, so that what can fail sees as few rows as possible,
/// also when the optimiser has put together conditions of several queries; otherwise they keep their order.
///
/// **Errors** As [`compile_expression`].
pub fn compile_filters(condition: &Expr, schema: &DFSchema) -> Result<Vec<Expression>> {
    let parts = split_conjunction(condition).into_iter();
    let filters = parts
        .map(|part| compile_expression(part, schema))
        .collect::<Result<Vec<_>>>()?;
    let (later, first): (Vec<_>, Vec<_>) = filters
        .into_iter()
        .partition(|filter| filter.can_fail(schema.as_arrow()));
    Ok(first.into_iter().chain(later).collect())
}

/// Checked arithmetic without the detour of a function call, where there is an operator that does the same.
fn native_arithmetic(expression: Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let lower = |node: Arc<dyn PhysicalExpr>| {
        let Some(function) = node.downcast_ref::<ScalarFunctionExpr>() else {
            return Ok(Transformed::no(node));
        };
        let checked = function.fun().inner().downcast_ref::<CheckedArithmetic>();
        let (Some(checked), [left, right], false) =
            (checked, function.args(), node.data_type(schema)?.is_floating())
        else {
            return Ok(Transformed::no(node));
        };
        let native = BinaryExpr::new(Arc::clone(left), checked.operator(), Arc::clone(right));
        Ok(Transformed::yes(
            Arc::new(native.with_fail_on_overflow(true)) as Arc<dyn PhysicalExpr>
        ))
    };
    expression.transform_up(lower).data()
}
