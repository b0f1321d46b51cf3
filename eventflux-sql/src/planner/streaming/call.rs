//! Aggregate calls: from expressions to columns.

use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::Expr;
use datafusion_expr::expr::{AggregateFunctionParams, NullTreatment};
use eventflux_core::plan::{AggregateCall, AggregateFunction, SortColumn};

use super::translator::Translator;
use crate::function::{aggregate_function, expression_text};

/// A call whose arguments are expressions.
#[derive(Debug, Clone)]
pub(super) struct Call {
    function: AggregateFunction,
    arguments: Vec<Expr>,
    parameters: Vec<ScalarValue>,
    is_distinct: bool,
    filter: Option<Expr>,
    order_by: Vec<(Expr, bool, bool)>,
}

impl Call {
    /// The expressions that have to be columns: arguments, filter, order.
    pub(super) fn exprs(&self) -> impl Iterator<Item = Expr> + '_ {
        let order = self.order_by.iter().map(|(expr, _, _)| expr);
        self.arguments.iter().chain(&self.filter).chain(order).cloned()
    }

    /// The call with its columns, which are in the order of [`Call::exprs`].
    pub(super) fn place(self, slots: &[usize], schema: &Schema, output: FieldRef) -> AggregateCall {
        let argument_count = self.arguments.len();
        let filter_count = usize::from(self.filter.is_some());
        let arguments = slots[..argument_count].to_vec();
        let types: Vec<DataType> = arguments
            .iter()
            .map(|slot| schema.field(*slot).data_type().clone())
            .collect();
        let order_slots = &slots[argument_count + filter_count..];
        AggregateCall {
            function: self.function,
            argument_types: types,
            arguments,
            parameters: self.parameters,
            distinct: self.is_distinct,
            filter: self.filter.map(|_| slots[argument_count]),
            order_by: self
                .order_by
                .iter()
                .zip(order_slots)
                .map(|((_, ascending, nulls_first), slot)| SortColumn {
                    index: *slot,
                    descending: !ascending,
                    nulls_first: *nulls_first,
                })
                .collect(),
            output,
        }
    }

    /// The call as it would stand in SQL.
    pub(super) fn text(&self) -> String {
        let mut args: Vec<String> = self.arguments.iter().map(expression_text).collect();
        args.extend(
            self.parameters
                .iter()
                .map(|value| expression_text(&Expr::Literal(value.clone(), None))),
        );
        let args = if args.is_empty() {
            "*".to_owned()
        } else {
            args.join(", ")
        };
        let distinct = if self.is_distinct { "DISTINCT " } else { "" };
        let order = self.order_by.iter().map(|(expr, ascending, _)| {
            format!(
                "{}{}",
                expression_text(expr),
                if *ascending { "" } else { " DESC" }
            )
        });
        let order = order.collect::<Vec<_>>().join(", ");
        let order = if order.is_empty() {
            order
        } else {
            format!(" ORDER BY {order}")
        };
        let filter = self
            .filter
            .as_ref()
            .map(|filter| format!(" FILTER (WHERE {})", expression_text(filter)));
        format!(
            "{}({distinct}{args}{order}){}",
            self.function.name(),
            filter.unwrap_or_default()
        )
    }
}

impl Translator<'_> {
    /// The calls of an aggregation.
    pub(super) fn calls(&mut self, exprs: &[Expr]) -> Result<Vec<Call>> {
        exprs.iter().map(call).collect()
    }
}

fn call(expr: &Expr) -> Result<Call> {
    let function = match expr {
        Expr::Alias(alias) => return call(&alias.expr),
        Expr::AggregateFunction(function) => function,
        other => return Err(DataFusionError::Internal(format!("{other} is no aggregate"))),
    };
    let AggregateFunctionParams {
        args,
        distinct,
        filter,
        order_by,
        null_treatment,
    } = &function.params;
    let kind = aggregate_function(&function.func).ok_or_else(|| {
        DataFusionError::Internal(format!("{} is no aggregate of ours", function.func.name()))
    })?;
    let (arguments, parameters) = split_arguments(&kind, args)?;
    let mut filter = filter.as_deref().cloned();
    if *null_treatment == Some(NullTreatment::IgnoreNulls)
        && let [first, ..] = arguments.as_slice()
    {
        let not_null = first.clone().is_not_null();
        filter = Some(filter.map_or_else(|| not_null.clone(), |filter| filter.and(not_null.clone())));
    }
    let order_by = order_by
        .iter()
        .map(|sort| (sort.expr.clone(), sort.asc, sort.nulls_first));
    Ok(Call {
        function: kind,
        arguments,
        parameters,
        is_distinct: *distinct,
        filter,
        order_by: order_by.collect(),
    })
}

/// Which arguments are columns and which are constants.
fn split_arguments(function: &AggregateFunction, args: &[Expr]) -> Result<(Vec<Expr>, Vec<ScalarValue>)> {
    if *function == AggregateFunction::Count
        && let [Expr::Literal(value, _)] = args
        && !value.is_null()
    {
        return Ok((Vec::new(), Vec::new()));
    }
    let takes_constants = match function {
        AggregateFunction::StringAgg | AggregateFunction::PercentileCont => true,
        AggregateFunction::DataFusion(function) => {
            function.name().starts_with("approx_percentile") || function.name() == "nth_value"
        }
        _ => false,
    };
    if !takes_constants {
        return Ok((args.to_vec(), Vec::new()));
    }
    let mut columns = Vec::new();
    let mut constants = Vec::new();
    for (position, arg) in args.iter().enumerate() {
        match constant(arg) {
            Some(value) if position > 0 => constants.push(value.clone()),
            _ => columns.push(arg.clone()),
        }
    }
    Ok((columns, constants))
}

fn constant(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        Expr::Alias(alias) => constant(&alias.expr),
        _ => None,
    }
}
