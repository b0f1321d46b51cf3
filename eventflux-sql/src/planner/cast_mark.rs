//! Marks on casts, for as long as the planner takes names for values.
//!
//! DataFusion names an expression without its casts: `sum(x)` and `sum(CAST(x AS INT))` would be one column of an
//! aggregation. So casts of a query with groups are marked while it is planned, and the marks are taken away behind it. The
//! names stay.
//!
//! ```text
//! sum(CAST(x AS INT))  ->  sum(__cast(CAST(x AS INT), 'Cast INT'))  ->  sum(CAST(x AS INT)) AS "sum(Cast INT(x))"
//! ```

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use sqlparser::ast::{
    Expr as SqlExpr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, ObjectNamePart, Spanned, Value, VisitMut, VisitorMut,
};

/// The name of the mark, which no text can call.
const NAME: &str = "__cast";

/// The mark as a function, if this is its name.
pub(crate) fn cast_mark(name: &str) -> Option<Arc<ScalarUDF>> {
    static MARK: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(CastMark::new())));
    (name == NAME).then(|| Arc::clone(&MARK))
}

/// Marks all casts of an expression.
pub(crate) fn mark_casts(expr: &mut SqlExpr) {
    let _ = expr.visit(&mut Marks);
}

struct Marks;

impl VisitorMut for Marks {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        let span = expr.span();
        let SqlExpr::Cast { kind, data_type, .. } = expr else {
            return ControlFlow::Continue(());
        };
        let label = format!("{kind:?} {data_type}");
        let label = SqlExpr::Value(Value::SingleQuotedString(label).with_span(span));
        let cast = std::mem::replace(expr, label.clone());
        let mut name = Ident::new(NAME);
        name.span = span;
        let args = [cast, label].map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)));
        *expr = SqlExpr::Function(Function {
            name: ObjectName(vec![ObjectNamePart::Identifier(name)]),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: None,
                args: args.to_vec(),
                clauses: Vec::new(),
            }),
            filter: None,
            null_treatment: None,
            over: None,
            within_group: Vec::new(),
        });
        ControlFlow::Continue(())
    }
}

/// The plan without marks; its columns keep their names.
pub(crate) fn without_marks(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(unmarked(expr)?.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    })
    .data()
}

fn unmarked(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_down(|part| match part {
        Expr::ScalarFunction(mut call) if call.func.inner().downcast_ref::<CastMark>().is_some() => {
            Ok(Transformed::yes(call.args.swap_remove(0)))
        }
        // Its arguments are keys: they look as those do behind this.
        Expr::AggregateFunction(mut call) if call.func.name() == "grouping" => {
            let args = call.params.args.into_iter().map(|arg| {
                let name = arg.schema_name().to_string();
                let arg = unmarked(arg)?;
                Ok(if arg.transformed {
                    arg.data.alias(name)
                } else {
                    arg.data
                })
            });
            call.params.args = args.collect::<Result<_>>()?;
            Ok(Transformed::new(
                Expr::AggregateFunction(call),
                true,
                TreeNodeRecursion::Jump,
            ))
        }
        part => Ok(Transformed::no(part)),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CastMark {
    signature: Signature,
}

impl CastMark {
    fn new() -> Self {
        Self {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

fn no_argument() -> DataFusionError {
    DataFusionError::Internal("a mark without its cast".to_owned())
}

impl ScalarUDFImpl for CastMark {
    fn name(&self) -> &str {
        NAME
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [cast, Expr::Literal(label, _)] => Ok(format!("{label}({})", cast.schema_name())),
            _ => Err(no_argument()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        arg_types.first().cloned().ok_or_else(no_argument)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        args.arg_fields.first().cloned().ok_or_else(no_argument)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(no_argument)
    }
}
