//! Names within an expression.

use std::ops::ControlFlow;

use datafusion_common::ScalarValue;
use sqlparser::ast::{
    AccessExpr, CastKind, DataType, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Spanned, Value, ValueWithSpan, VisitMut,
    VisitorMut,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::column::{ident, name_of};
use super::scope::Scope;
use super::{Binder, refuse};
use crate::catalog::{Name, TypeName};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::function::{FunctionRegistry, TIME_PARTS};
use crate::statement::SqlType;
use crate::statement::instead::ELEMENTS;

/// Where an expression stands, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    Select,
    Where,
    GroupBy,
    Having,
    PartitionBy,
    Values,
    Column,
}

impl Clause {
    fn name(self) -> &'static str {
        match self {
            Clause::Select => "SELECT",
            Clause::Where => "WHERE",
            Clause::GroupBy => "GROUP BY",
            Clause::Having => "HAVING",
            Clause::PartitionBy => "PARTITION BY",
            Clause::Values => "VALUES",
            Clause::Column => "a computed column",
        }
    }

    fn allows_aggregates(self) -> bool {
        matches!(self, Clause::Select | Clause::Having)
    }
}

/// A result column with an alias, which GROUP BY and HAVING may use as a name for its expression.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) name: String,
    /// The expression, its names found.
    pub(super) expr: Expr,
}

impl Binder<'_> {
    /// Finds the names of an expression. `aliases` are meant where no column has the name.
    pub(super) fn expression(&mut self, expr: &mut Expr, scope: &Scope, clause: Clause, aliases: &[Alias]) {
        let mut names = Names {
            binder: self,
            scope,
            clause,
            aliases,
            aggregate_depth: 0,
            skipped_depth: 0,
        };
        let _ = expr.visit(&mut names);
    }

    /// Finds the names of an expression of VALUES, which has no columns.
    pub(super) fn constant(&mut self, expr: &mut Expr) {
        self.expression(expr, &Scope::default(), Clause::Values, &[]);
    }

    /// Finds the names of an expression of a computed column.
    pub(crate) fn computed(
        mut self,
        expr: &Expr,
        columns: &[crate::catalog::Column],
    ) -> Result<Expr, Vec<Diagnostic>> {
        let columns = columns.iter().map(|column| super::scope::ScopeColumn {
            name: column.name().to_owned(),
            data_type: Some(column.field.data_type().clone()),
            is_hidden: false,
        });
        let relation = super::scope::ScopeRelation {
            qualifier: vec![COMPUTED_QUALIFIER.to_owned()],
            columns: columns.collect(),
            is_unnamed: false,
            window: None,
        };
        let mut expr = expr.clone();
        self.expression(
            &mut expr,
            &Scope {
                relations: vec![relation],
            },
            Clause::Column,
            &[],
        );
        if self.diagnostics.is_empty() {
            Ok(expr)
        } else {
            Err(self.diagnostics)
        }
    }
}

/// The qualifier of a stream's own columns in the expressions of its computed columns.
pub(crate) const COMPUTED_QUALIFIER: &str = "stream";

/// Whether an expression holds an aggregate.
pub(super) fn has_aggregate(expr: &Expr, functions: &FunctionRegistry) -> bool {
    let found = sqlparser::ast::visit_expressions(expr, |expr| match expr {
        Expr::Function(function) if is_aggregate(function, functions) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

pub(super) fn is_aggregate(function: &Function, functions: &FunctionRegistry) -> bool {
    match function.name.0.as_slice() {
        [part] => part
            .as_ident()
            .is_some_and(|name| functions.aggregate(&name.value.to_lowercase()).is_some()),
        _ => false,
    }
}

struct Names<'a, 'b> {
    binder: &'a mut Binder<'b>,
    scope: &'a Scope,
    clause: Clause,
    aliases: &'a [Alias],
    /// In how many aggregates the walk is.
    aggregate_depth: usize,
    /// In how many expressions of a replaced alias the walk is: their names are found already.
    skipped_depth: usize,
}

impl VisitorMut for Names<'_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.skipped_depth > 0 {
            self.skipped_depth += 1;
            return ControlFlow::Continue(());
        }
        if let Some(refused) = refuse::expression(expr, self.binder.source) {
            self.binder.report(refused);
            return ControlFlow::Break(());
        }
        let place = expr.span();
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.name(expr),
            Expr::CompoundFieldAccess { access_chain, .. } => {
                access_chain.iter_mut().for_each(field_name_as_text);
            }
            Expr::Function(function) => self.function(function),
            Expr::Extract { field, .. } => self.time_unit(field, place),
            Expr::TypedString(typed) => {
                let place = typed.value.span;
                self.literal(&typed.value.value, &typed.data_type, place);
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr: inner,
                data_type,
                ..
            } => {
                if let Expr::Value(ValueWithSpan { value, span }) = inner.as_ref() {
                    self.literal(value, data_type, *span);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.skipped_depth > 0 {
            self.skipped_depth -= 1;
            return ControlFlow::Continue(());
        }
        if let Expr::Function(function) = expr
            && is_aggregate(function, self.binder.functions)
        {
            self.aggregate_depth -= 1;
        }
        ControlFlow::Continue(())
    }
}

impl Names<'_, '_> {
    fn name(&mut self, expr: &mut Expr) {
        let span = expr.span();
        let idents: &[Ident] = match expr {
            Expr::Identifier(ident) => std::slice::from_ref(ident),
            Expr::CompoundIdentifier(idents) => idents,
            _ => return,
        };
        let name = Name::of_idents(idents, self.binder.source);
        match self.scope.resolve(&name) {
            Ok(found) => *expr = name_of(&found.parts, span),
            Err(unknown) => {
                let alias = match name.parts.as_slice() {
                    [part] => self.aliases.iter().find(|alias| part.matches(&alias.name)),
                    _ => None,
                };
                match alias {
                    Some(alias) => {
                        *expr = Expr::Nested(Box::new(alias.expr.clone()));
                        // The walk goes on into the new expression, whose names are full already.
                        self.skipped_depth = 1;
                    }
                    None => {
                        let unknown = self.with_alias_help(unknown, &name);
                        self.binder.report(unknown);
                    }
                }
            }
        }
    }

    /// A word for those who name an alias where aliases cannot be named.
    fn with_alias_help(&self, unknown: Diagnostic, name: &Name) -> Diagnostic {
        let is_alias = |alias: &String| name.parts.len() == 1 && name.matches(alias);
        if !self.binder.select_aliases.iter().any(is_alias) {
            return unknown;
        }
        let help = format!(
            "an alias of SELECT cannot be named in {}; repeat its expression",
            self.clause.name()
        );
        Diagnostic {
            help: vec![help],
            ..unknown
        }
    }

    /// A part of a timestamp.
    fn time_unit(&mut self, field: &DateTimeField, place: TokenSpan) {
        let name = field.to_string().to_lowercase();
        if TIME_PARTS.contains(&name.trim_end_matches('s')) {
            return;
        }
        let span = self.binder.source.span_of(place);
        let help = did_you_mean(&name, TIME_PARTS.iter().copied())
            .unwrap_or_else(|| format!("the parts are {}", TIME_PARTS.join(", ")));
        let message = format!("a timestamp has no part `{name}`");
        self.binder
            .report(Diagnostic::error(Code::WrongArguments, span, message).with_help(help));
    }

    /// A text constant that has to be of a type.
    fn literal(&mut self, value: &Value, data_type: &DataType, place: TokenSpan) {
        let span = self.binder.source.span_of(place);
        let Value::SingleQuotedString(text) = value else {
            return;
        };
        // A type that is not known is reported with the expression.
        let Ok(sql_type) = SqlType::from_ast(data_type, span) else {
            return;
        };
        let wanted = crate::catalog::data_type(&sql_type);
        if ScalarValue::from(text.as_str()).cast_to(&wanted).is_err() {
            let message = format!("'{text}' is no {}", TypeName(&wanted));
            self.binder
                .report(Diagnostic::error(Code::TypeMismatch, span, message));
        }
    }

    fn function(&mut self, function: &mut Function) {
        let source = self.binder.source;
        let written = Name::of_object(&function.name, source);
        let functions = self.binder.functions;
        let name = written.text().to_lowercase();
        let is_known = functions.aggregate(&name).is_some() || functions.scalar(&name).is_some();
        if is_known && name != "count" && has_star(function) {
            let message = format!("`{name}` takes values, and `*` is none: it can only be counted");
            self.binder.report(
                Diagnostic::error(Code::WrongArguments, written.span, message).with_help("write `count(*)`"),
            );
        }
        if functions.aggregate(&name).is_some() {
            self.aggregate_depth += 1;
            if name == "count" && argument_count(function) > 1 {
                let message = "`count` counts the rows in which one value is not NULL";
                self.binder.report(
                    Diagnostic::error(Code::WrongArguments, written.span, message)
                        .with_help("write `count(*) FILTER (WHERE a IS NOT NULL AND b IS NOT NULL)`"),
                );
            }
            if !self.clause.allows_aggregates() {
                let message = format!("the aggregate `{name}` cannot stand in {}", self.clause.name());
                let help = match self.clause {
                    Clause::Where => "HAVING filters what leaves an aggregate",
                    _ => "compute it in a sub-query in FROM",
                };
                self.binder.report(
                    Diagnostic::error(Code::MisplacedAggregate, written.span, message).with_help(help),
                );
            } else if self.aggregate_depth > 1 {
                let message = format!("the aggregate `{name}` cannot stand within another aggregate");
                self.binder.report(
                    Diagnostic::error(Code::MisplacedAggregate, written.span, message)
                        .with_help("compute the inner one in a sub-query in FROM"),
                );
            }
        } else if functions.window(&name).is_some() {
            let refused = refuse::not_yet(written.span, &format!("the function `{name}`, which needs OVER,"));
            self.binder
                .report(refused.with_help("today: aggregate with GROUP BY, over a window or for each key"));
        } else if name == "unnest" {
            let refused = refuse::not_yet(written.span, "UNNEST");
            self.binder.report(refused.with_help(ELEMENTS));
        } else if let Some(reason) = functions.refusal(&name) {
            let message = format!("the function `{name}` is not there: {reason}");
            self.binder
                .report(Diagnostic::error(Code::NotSupported, written.span, message));
        } else if functions.scalar(&name).is_none() {
            let message = format!("there is no function `{}`", written.text());
            let help = functions
                .suggest(&name)
                .map(|near| format!("did you mean `{near}`?"));
            self.binder
                .report(Diagnostic::error(Code::UnknownFunction, written.span, message).with_help_opt(help));
        }
        let span = function
            .name
            .0
            .first()
            .and_then(|part| part.as_ident())
            .map(|name| name.span);
        let canonical = ident(&name, span.unwrap_or_else(sqlparser::tokenizer::Span::empty));
        function.name = ObjectName(vec![ObjectNamePart::Identifier(canonical)]);
    }
}

fn has_star(function: &Function) -> bool {
    let is_star = |arg: &FunctionArg| {
        let (FunctionArg::Unnamed(arg) | FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. }) =
            arg;
        !matches!(arg, FunctionArgExpr::Expr(_))
    };
    match &function.args {
        FunctionArguments::List(list) => list.args.iter().any(is_star),
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    }
}

fn argument_count(function: &Function) -> usize {
    match &function.args {
        FunctionArguments::List(list) => list.args.len(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => 0,
    }
}

/// `x.field` behind an expression: the field's name is no name of a column.
fn field_name_as_text(access: &mut AccessExpr) {
    if let AccessExpr::Dot(Expr::Identifier(name)) = access {
        let value = Value::SingleQuotedString(name.value.clone()).with_span(name.span);
        *access = AccessExpr::Dot(Expr::Value(value));
    }
}
