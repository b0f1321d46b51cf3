//! Logical plans: types are settled, then the plan is rewritten to the cheapest that gives the same rows.

use std::sync::Arc;

use arrow::compute::can_cast_types;
use datafusion_common::tree_node::{TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError, Result};
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion_optimizer::analyzer::resolve_grouping_function::ResolveGroupingFunction;
use datafusion_optimizer::analyzer::type_coercion::{TypeCoercion, TypeCoercionRewriter};
use datafusion_optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion_optimizer::eliminate_duplicated_expr::EliminateDuplicatedExpr;
use datafusion_optimizer::eliminate_filter::EliminateFilter;
use datafusion_optimizer::eliminate_group_by_constant::EliminateGroupByConstant;
use datafusion_optimizer::optimize_projections::OptimizeProjections;
use datafusion_optimizer::push_down_filter::PushDownFilter;
use datafusion_optimizer::replace_distinct_aggregate::ReplaceDistinctWithAggregate;
use datafusion_optimizer::simplify_expressions::{ExprSimplifier, SimplifyExpressions};
use datafusion_optimizer::{Analyzer, AnalyzerRule, Optimizer, OptimizerContext, OptimizerRule};

use super::bind::BoundQuery;
use super::cast_mark::without_marks;
use super::decimal_constant::{decimal_constants, decimal_constants_of};
use super::grouping_key::keys_as_columns;
use super::provider::{Provider, config};
use super::sql_to_rel::plan_query;
use crate::catalog::TypeName;
use crate::function::{guard_expression, guard_plan};

/// The plan of a query, its types settled.
pub(crate) fn analyse(query: &BoundQuery, provider: &Provider<'_>) -> Result<LogicalPlan> {
    let plan = keys_as_columns(plan_query(query.body.clone(), provider)?)?;
    let plan = decimal_constants(without_marks(plan)?)?;
    let rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![
        Arc::new(ResolveGroupingFunction::new()),
        Arc::new(TypeCoercion::new()),
    ];
    let plan = Analyzer::with_rules(rules).execute_and_check(plan, &config(), |_, _| {})?;
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                check_cast(part, &schema)?;
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    guard_plan(plan)
}

/// Whether a cast is between types that can be cast; otherwise it would only be found when it is compiled.
pub(crate) fn check_cast(expr: &Expr, schema: &DFSchema) -> Result<()> {
    let (inner, to) = match expr {
        Expr::Cast(cast) => (&cast.expr, cast.field.data_type()),
        Expr::TryCast(cast) => (&cast.expr, cast.field.data_type()),
        _ => return Ok(()),
    };
    let from = inner.get_type(schema)?;
    if can_cast_types(&from, to) {
        return Ok(());
    }
    Err(DataFusionError::Plan(format!(
        "{} cannot be cast to {}",
        TypeName(&from),
        TypeName(to)
    )))
}

/// An expression with the casts that its operators and functions need, by the rules of the language.
pub(crate) fn coerce(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let expr = decimal_constants_of(expr, schema)?.data;
    let expr = expr.rewrite(&mut TypeCoercionRewriter::new(schema)).data()?;
    let expr = guard_expression(expr, schema).data()?;
    expr.get_type(schema)?;
    Ok(expr)
}

/// An expression with its constant parts computed, as the optimiser does it.
pub(crate) fn fold(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let guarded = guard_expression(expr, schema)?.data;
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(schema.clone()))
        .with_config_options(Arc::new(config()))
        .build();
    ExprSimplifier::new(context).simplify(guarded)
}

/// The same plan, cheaper.
///
/// Rules that merge unions, drop empty inputs or split DISTINCT aggregates are left out: they change operators' ids and
/// state. Joins and sub-queries do not come here yet, and so neither do their rules.
pub(crate) fn optimise(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
        Arc::new(SimplifyExpressions::new()),
        Arc::new(ReplaceDistinctWithAggregate::new()),
        Arc::new(EliminateDuplicatedExpr::new()),
        Arc::new(EliminateFilter::new()),
        Arc::new(PushDownFilter::new()),
        Arc::new(EliminateGroupByConstant::new()),
        Arc::new(CommonSubexprEliminate::new()),
        Arc::new(OptimizeProjections::new()),
    ];
    // Without a start time, `now()` is not taken for a constant.
    let context =
        OptimizerContext::new_with_config_options(Arc::new(config())).without_query_execution_start_time();
    Optimizer::with_rules(rules).optimize(plan, &context, |_, _| {})
}
