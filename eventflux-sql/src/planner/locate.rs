//! From an error of DataFusion to the place in the text: the smallest expression that fails by itself.

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::{Expr as LogicalExpr, ExprSchemable};
use eventflux_core::expr::error_message;
use sqlparser::ast::{
    AccessExpr, Expr, FunctionArguments, GroupByExpr, Query, Select, SelectItem, SetExpr, Spanned,
    TableFactor, UnaryOperator, Visit, Visitor,
};

use super::bind::BoundQuery;
use super::logical::{check_cast, coerce, fold};
use super::provider::Provider;
use super::sql_to_rel::{plan_expr, plan_query};
use super::streaming::constant_value;
use crate::catalog::TypeName;
use crate::diagnostic::{Code, Diagnostic, SourceText, Span, did_you_mean};
use crate::function::ArgumentError;
use crate::statement::SqlType;

/// The diagnostic for a query that DataFusion refuses.
pub(crate) fn locate_query(
    query: &BoundQuery,
    provider: &Provider<'_>,
    source: &SourceText,
    whole: Span,
    error: &DataFusionError,
) -> Diagnostic {
    let mut search = Search {
        provider,
        source,
        ctes: Vec::new(),
        found: None,
    };
    search.query(&query.body);
    for window in &query.windows {
        if let TableFactor::Derived { subquery, .. } = &window.input {
            search.query(subquery);
        }
    }
    search.found.unwrap_or_else(|| plain(whole, error))
}

/// The diagnostic for an expression that DataFusion refuses.
pub(crate) fn locate_expr(
    expr: &Expr,
    schema: &DFSchema,
    provider: &Provider<'_>,
    source: &SourceText,
    error: &DataFusionError,
) -> Diagnostic {
    smallest(expr, schema, provider, source).unwrap_or_else(|| plain(source.span_of(expr.span()), error))
}

/// An error that no text should be able to cause.
pub(crate) fn bug(source: &SourceText, expr: &Expr, error: &DataFusionError) -> Diagnostic {
    plain(source.span_of(expr.span()), error)
}

/// The error where no smaller place is known.
pub(crate) fn plain(span: Span, error: &DataFusionError) -> Diagnostic {
    let root = error.find_root();
    let words = message(root);
    match root {
        DataFusionError::Internal(_) | DataFusionError::SchemaError(..) => Diagnostic::error(
            Code::CompilerBug,
            span,
            format!("the compiler cannot plan this: {words}"),
        )
        .with_help("please report it, with the query"),
        DataFusionError::NotImplemented(_) => Diagnostic::error(
            Code::NotSupportedYet,
            span,
            format!("this is not supported yet: {words}"),
        ),
        _ => Diagnostic::error(Code::TypeMismatch, span, words),
    }
}

/// The first line of an error's own words.
fn message(error: &DataFusionError) -> String {
    let text = error_message(error);
    text.lines().next().unwrap_or_default().to_owned()
}

struct Search<'a> {
    provider: &'a Provider<'a>,
    source: &'a SourceText,
    /// The WITH clauses around the query.
    ctes: Vec<sqlparser::ast::Cte>,
    found: Option<Diagnostic>,
}

impl Search<'_> {
    fn query(&mut self, query: &Query) {
        let outer = self.ctes.len();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.query(&cte.query);
            self.ctes.push(cte.clone());
        }
        self.set_expr(&query.body);
        self.ctes.truncate(outer);
    }

    fn set_expr(&mut self, body: &SetExpr) {
        if self.found.is_some() {
            return;
        }
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                self.set_expr(left);
                self.set_expr(right);
                self.columns_of_union(left, right);
            }
            SetExpr::Values(values) => {
                let cells = || values.rows.iter().flat_map(|row| &row.content);
                self.first_failing(cells(), &DFSchema::empty());
                cells().for_each(|cell| self.constant(cell));
            }
            _ => {}
        }
    }

    fn select(&mut self, select: &Select) {
        for relation in &select.from {
            if let TableFactor::Derived { subquery, .. } = &relation.relation {
                self.query(subquery);
            }
        }
        let Some(schema) = self.schema_of_from(select) else {
            return;
        };
        let items = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => Some(expr),
            _ => None,
        });
        let keys = match &select.group_by {
            GroupByExpr::Expressions(keys, _) => keys.iter(),
            GroupByExpr::All(_) => [].iter(),
        };
        let exprs: Vec<&Expr> = select
            .selection
            .iter()
            .chain(items)
            .chain(keys)
            .chain(&select.having)
            .collect();
        self.first_failing(exprs.into_iter(), &schema);
        for condition in select.selection.iter().chain(&select.having) {
            self.boolean(condition, &schema);
        }
    }

    /// The columns of FROM.
    fn schema_of_from(&self, select: &Select) -> Option<DFSchema> {
        if select.from.is_empty() {
            return Some(DFSchema::empty());
        }
        let query = self.all_of(SetExpr::Select(Box::new(Select {
            projection: vec![SelectItem::Wildcard(Default::default())],
            selection: None,
            having: None,
            group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
            distinct: None,
            ..select.clone()
        })));
        let plan = plan_query(query, self.provider).ok()?;
        let input = plan.inputs().first().map(|input| (*input).clone())?;
        Some(input.schema().as_ref().clone())
    }

    /// A query with the WITH clauses around.
    fn all_of(&self, body: SetExpr) -> Box<Query> {
        let with = (!self.ctes.is_empty()).then(|| sqlparser::ast::With {
            with_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
            recursive: false,
            cte_tables: self.ctes.clone(),
        });
        Box::new(Query {
            with,
            body: Box::new(body),
            order_by: None,
            limit_clause: None,
            fetch: None,
            locks: Vec::new(),
            for_clause: None,
            settings: None,
            format_clause: None,
            pipe_operators: Vec::new(),
        })
    }

    fn first_failing<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>, schema: &DFSchema) {
        for expr in exprs {
            if self.found.is_none() {
                self.found = smallest(expr, schema, self.provider, self.source);
            }
        }
    }

    /// A constant has to have a value.
    fn constant(&mut self, cell: &Expr) {
        if self.found.is_some() {
            return;
        }
        let Ok(typed) = check(cell, &DFSchema::empty(), self.provider) else {
            return;
        };
        if let Err(error) = constant_value(&typed) {
            let span = self.source.span_of(cell.span());
            let message = format!("the value cannot be computed: {}", message(&error));
            self.found = Some(Diagnostic::error(Code::TypeMismatch, span, message));
        }
    }

    fn boolean(&mut self, condition: &Expr, schema: &DFSchema) {
        if self.found.is_some() {
            return;
        }
        let Ok(data_type) = type_of(condition, schema, self.provider) else {
            return;
        };
        if matches!(data_type, DataType::Boolean | DataType::Null) {
            return;
        }
        let message = format!("a condition is BOOLEAN, and this is {}", TypeName(&data_type));
        let span = self.source.span_of(condition.span());
        self.found = Some(Diagnostic::error(Code::TypeMismatch, span, message));
    }

    /// UNION needs a common type per column.
    fn columns_of_union(&mut self, left: &SetExpr, right: &SetExpr) {
        if self.found.is_some() {
            return;
        }
        let plan = |body: &SetExpr| plan_query(self.all_of(body.clone()), self.provider).ok();
        let (Some(first), Some(second)) = (plan(left), plan(right)) else {
            return;
        };
        for (index, (a, b)) in first
            .schema()
            .fields()
            .iter()
            .zip(second.schema().fields())
            .enumerate()
        {
            let both = [a.data_type().clone(), b.data_type().clone()];
            if datafusion_expr::type_coercion::binary::type_union_resolution(&both).is_some() {
                continue;
            }
            let message = format!(
                "column {} of UNION is {} here and {} in the query before",
                index + 1,
                TypeName(b.data_type()),
                TypeName(a.data_type())
            );
            let place = projection_span(right, index).unwrap_or_else(|| right.span());
            let span = self.source.span_of(place);
            self.found = Some(
                Diagnostic::error(Code::TypeMismatch, span, message)
                    .with_help("CAST one of them to the other's type"),
            );
            return;
        }
    }
}

fn projection_span(body: &SetExpr, index: usize) -> Option<sqlparser::tokenizer::Span> {
    match body {
        SetExpr::Select(select) => match select.projection.get(index)? {
            SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => Some(expr.span()),
            _ => None,
        },
        SetExpr::Query(query) => projection_span(&query.body, index),
        _ => None,
    }
}

/// The diagnostic of the smallest part of an expression that fails by itself.
fn smallest(
    expr: &Expr,
    schema: &DFSchema,
    provider: &Provider<'_>,
    source: &SourceText,
) -> Option<Diagnostic> {
    check(expr, schema, provider).err()?;
    let mut innermost = Innermost {
        schema,
        provider,
        found: None,
    };
    let _ = expr.visit(&mut innermost);
    let (part, error) = innermost.found?;
    Some(explain(&part, &error, schema, provider, source))
}

/// Parts are tried from the inside out, so the first that fails has parts that do not.
struct Innermost<'a> {
    schema: &'a DFSchema,
    provider: &'a Provider<'a>,
    found: Option<(Expr, DataFusionError)>,
}

impl Visitor for Innermost<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match check(expr, self.schema, self.provider) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                self.found = Some((expr.clone(), error));
                ControlFlow::Break(())
            }
        }
    }
}

/// Plans, types and folds an expression: whatever can go wrong before rows come.
fn check(expr: &Expr, schema: &DFSchema, provider: &Provider<'_>) -> Result<LogicalExpr, DataFusionError> {
    let planned = plan_expr(expr.clone(), schema, provider)?;
    let typed = coerce(planned, schema)?;
    typed.apply(|part| {
        check_cast(part, schema)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    fold(typed.clone(), schema)?;
    Ok(typed)
}

fn type_of(expr: &Expr, schema: &DFSchema, provider: &Provider<'_>) -> Result<DataType, DataFusionError> {
    check(expr, schema, provider)?.get_type(schema)
}

/// Our words for an expression whose parts are right and that is wrong itself.
fn explain(
    expr: &Expr,
    error: &DataFusionError,
    schema: &DFSchema,
    provider: &Provider<'_>,
    source: &SourceText,
) -> Diagnostic {
    let span = source.span_of(expr.span());
    let name = |expr: &Expr| match type_of(expr, schema, provider) {
        Ok(data_type) => TypeName(&data_type).to_string(),
        Err(_) => "an unknown type".to_owned(),
    };
    let mismatch = |message: String| Diagnostic::error(Code::TypeMismatch, span, message);
    match expr {
        Expr::BinaryOp { left, op, right } => {
            mismatch(format!("`{op}` does not take {} and {}", name(left), name(right)))
                .with_help("CAST one side to the type that is meant")
        }
        Expr::UnaryOp { op, expr } => {
            let sign = match op {
                UnaryOperator::Not => "NOT".to_owned(),
                other => other.to_string(),
            };
            mismatch(format!("`{sign}` does not take {}", name(expr)))
        }
        Expr::Cast {
            expr: inner,
            data_type,
            ..
        } => match SqlType::from_ast(data_type, span) {
            Err(diagnostic) => diagnostic,
            Ok(sql_type) => {
                let wanted = crate::catalog::data_type(&sql_type);
                mismatch(format!("{} cannot be cast to {}", name(inner), TypeName(&wanted)))
            }
        },
        Expr::Function(function) => {
            if let Some(wrong) = ArgumentError::of(error) {
                let place = argument(function, wrong.index).map_or(span, |arg| source.span_of(arg.span()));
                return Diagnostic::error(Code::WrongArguments, place, wrong.message.clone())
                    .with_help_opt(wrong.help.clone());
            }
            let args = match &function.args {
                FunctionArguments::List(list) => list.args.iter().map(|arg| arg_type(arg, &name)).collect(),
                _ => Vec::new(),
            };
            let called = function.name.to_string();
            let message = format!("no form of `{called}` takes ({})", args.join(", "));
            Diagnostic::error(Code::WrongArguments, span, message).with_help_opt(provider.usage(&called))
        }
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            mismatch(format!("{} and {} cannot be compared", name(left), name(right)))
                .with_help("CAST one side to the type that is meant")
        }
        Expr::Array(array) => {
            let types: Vec<String> = array.elem.iter().map(name).collect();
            mismatch(format!(
                "the elements of an array have one type, and these have {}",
                types.join(", ")
            ))
            .with_help("CAST them to one type")
        }
        Expr::CompoundFieldAccess { root, access_chain } if access_chain.len() == 1 => {
            let part = match access_chain.first() {
                Some(AccessExpr::Subscript(_)) => "elements",
                _ => "fields",
            };
            mismatch(format!("{} has no such {part}", name(root)))
        }
        Expr::Case { .. } => {
            mismatch("the branches of CASE have no common type".to_owned()).with_help("CAST them to one type")
        }
        Expr::InList { expr, list, .. } => {
            let types: Vec<String> = list.iter().map(name).collect();
            mismatch(format!(
                "{} cannot be compared with a list of {}",
                name(expr),
                types.join(", ")
            ))
        }
        Expr::Between { expr, low, high, .. } => mismatch(format!(
            "{} cannot be between {} and {}",
            name(expr),
            name(low),
            name(high)
        )),
        Expr::Like { expr, pattern, .. }
        | Expr::ILike { expr, pattern, .. }
        | Expr::SimilarTo { expr, pattern, .. } => mismatch(format!(
            "a pattern match takes STRING, not {} and {}",
            name(expr),
            name(pattern)
        )),
        Expr::Extract { field, expr, .. } => {
            let message = format!(
                "there is no `{}` in {}",
                field.to_string().to_lowercase(),
                name(expr)
            );
            let units = [
                "year", "quarter", "month", "week", "day", "dow", "doy", "hour", "minute", "second", "epoch",
            ];
            mismatch(message).with_help_opt(did_you_mean(&field.to_string(), units))
        }
        Expr::TypedString(typed) => match SqlType::from_ast(&typed.data_type, span) {
            Err(diagnostic) => diagnostic,
            Ok(_) => mismatch(format!("this is no {}", typed.data_type)),
        },
        other => match arguments(other) {
            Some((called, args)) => {
                let types: Vec<String> = args.into_iter().map(name).collect();
                let message = format!("no form of `{called}` takes ({})", types.join(", "));
                Diagnostic::error(Code::WrongArguments, span, message).with_help_opt(provider.usage(called))
            }
            None => plain(span, error),
        },
    }
}

fn argument(function: &sqlparser::ast::Function, index: usize) -> Option<&sqlparser::ast::FunctionArg> {
    match &function.args {
        FunctionArguments::List(list) => list.args.get(index),
        _ => None,
    }
}

/// The function behind a form that is not written as a call, and what it is given.
fn arguments(expr: &Expr) -> Option<(&'static str, Vec<&Expr>)> {
    Some(match expr {
        Expr::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let rest = substring_from
                .as_deref()
                .into_iter()
                .chain(substring_for.as_deref());
            ("substr", std::iter::once(expr.as_ref()).chain(rest).collect())
        }
        Expr::Trim { expr, trim_what, .. } => (
            "btrim",
            std::iter::once(expr.as_ref())
                .chain(trim_what.as_deref())
                .collect(),
        ),
        Expr::Position { expr, r#in } => ("position", vec![expr.as_ref(), r#in.as_ref()]),
        Expr::Overlay {
            expr,
            overlay_what,
            overlay_from,
            overlay_for,
        } => {
            let rest = [overlay_what.as_ref(), overlay_from.as_ref()];
            let rest = rest.into_iter().chain(overlay_for.as_deref());
            ("overlay", std::iter::once(expr.as_ref()).chain(rest).collect())
        }
        Expr::Ceil { expr, .. } => ("ceil", vec![expr.as_ref()]),
        Expr::Floor { expr, .. } => ("floor", vec![expr.as_ref()]),
        Expr::AtTimeZone { timestamp, time_zone } => {
            ("AT TIME ZONE", vec![timestamp.as_ref(), time_zone.as_ref()])
        }
        Expr::IsTrue(expr) | Expr::IsNotTrue(expr) => ("IS TRUE", vec![expr.as_ref()]),
        Expr::IsFalse(expr) | Expr::IsNotFalse(expr) => ("IS FALSE", vec![expr.as_ref()]),
        Expr::IsUnknown(expr) | Expr::IsNotUnknown(expr) => ("IS UNKNOWN", vec![expr.as_ref()]),
        Expr::AnyOp { left, right, .. } => ("ANY", vec![left.as_ref(), right.as_ref()]),
        _ => return None,
    })
}

fn arg_type(arg: &sqlparser::ast::FunctionArg, name: &dyn Fn(&Expr) -> String) -> String {
    use sqlparser::ast::{FunctionArg, FunctionArgExpr};
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named {
            arg: FunctionArgExpr::Expr(expr),
            ..
        } => name(expr),
        _ => "*".to_owned(),
    }
}
