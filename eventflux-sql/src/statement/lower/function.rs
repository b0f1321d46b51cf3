//! Function calls in expressions, and windows of OVER.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, WindowFrame, WindowFrameBound, WindowSpec, WindowType,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::{Lower, group::group_function, table::name_place};
use crate::{
    diagnostic::{Code, Diagnostic},
    statement::window::FunctionKind,
};

impl Lower<'_> {
    /// A call that is an expression; `expr` is a function.
    pub(super) fn call(&mut self, expr: &mut Expr) {
        if let Some((kind, place)) = group_function(expr)
            && !is_column(expr)
        {
            self.misplaced_window(kind, place);
            return;
        }
        let Expr::Function(function) = expr else { return };
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            filter,
            null_treatment: _,
            over,
            within_group,
        } = function;
        let place = name_place(name).unwrap_or(TokenSpan::empty());
        let span = self.places.span(place);
        if *uses_odbc_syntax {
            self.refuse(span, "`{fn …}`", "write the function alone");
        }
        if *parameters != FunctionArguments::None {
            self.refuse(span, "a function with two lists of arguments", "");
        }
        match args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                self.query(query);
                self.refuse_yet(span, "a sub-query as the argument of a function");
            }
            FunctionArguments::List(list) => self.argument_list(list, place),
        }
        if let Some(filter) = filter {
            self.expr(filter);
        }
        match over {
            Some(WindowType::WindowSpec(spec)) => self.window_spec(spec),
            Some(WindowType::NamedWindow(_)) | None => {}
        }
        for order in within_group {
            self.order_by_expr(order);
        }
    }

    fn misplaced_window(&mut self, kind: FunctionKind, place: TokenSpan) {
        let help = match kind {
            FunctionKind::Cumulate => "put it into FROM, and select window_start, window_end",
            _ => "put it into FROM or GROUP BY, and select window_start, window_end",
        };
        let message = "a window function cannot stand here";
        let diagnostic =
            Diagnostic::error(Code::InvalidWindow, self.places.call(place), message).with_help(help);
        self.report(diagnostic);
    }

    fn argument_list(&mut self, list: &mut FunctionArgumentList, place: TokenSpan) {
        let FunctionArgumentList {
            duplicate_treatment: _,
            args,
            clauses,
        } = list;
        for arg in args {
            match arg {
                FunctionArg::Named {
                    name: _,
                    arg,
                    operator: _,
                }
                | FunctionArg::Unnamed(arg) => {
                    self.argument(arg, place);
                }
                FunctionArg::ExprNamed {
                    name: _,
                    arg: _,
                    operator: _,
                } => {
                    let span = self.places.span(place);
                    self.refuse(span, "an argument named by an expression", "");
                }
            }
        }
        for clause in clauses {
            let refused = match clause {
                FunctionArgumentClause::IgnoreOrRespectNulls(_) => continue,
                FunctionArgumentClause::OrderBy(exprs) => {
                    exprs.iter_mut().for_each(|order| self.order_by_expr(order));
                    continue;
                }
                FunctionArgumentClause::Limit(_) => "LIMIT",
                FunctionArgumentClause::OnOverflow(_) => "ON OVERFLOW",
                FunctionArgumentClause::Having(_) => "HAVING",
                FunctionArgumentClause::Separator(_) => "SEPARATOR",
                FunctionArgumentClause::JsonNullClause(_) => "NULL ON NULL",
                FunctionArgumentClause::JsonReturningClause(_) => "RETURNING",
            };
            let span = self.places.span(place);
            self.refuse(span, &format!("{refused} within the arguments of a function"), "");
        }
    }

    fn argument(&mut self, arg: &mut FunctionArgExpr, place: TokenSpan) {
        match arg {
            FunctionArgExpr::Expr(expr) => self.expr(expr),
            FunctionArgExpr::QualifiedWildcard(_) | FunctionArgExpr::Wildcard => {}
            FunctionArgExpr::WildcardWithOptions(_) => {
                let span = self.places.span(place);
                self.refuse(span, "`*` with options as an argument", "name the columns");
            }
        }
    }

    pub(super) fn window_spec(&mut self, spec: &mut WindowSpec) {
        let WindowSpec {
            window_name: _,
            partition_by,
            order_by,
            window_frame,
        } = spec;
        partition_by.iter_mut().for_each(|expr| self.expr(expr));
        order_by.iter_mut().for_each(|order| self.order_by_expr(order));
        let Some(WindowFrame {
            units: _,
            start_bound,
            end_bound,
        }) = window_frame
        else {
            return;
        };
        for bound in [Some(start_bound), end_bound.as_mut()].into_iter().flatten() {
            match bound {
                WindowFrameBound::CurrentRow
                | WindowFrameBound::Preceding(None)
                | WindowFrameBound::Following(None) => {}
                WindowFrameBound::Preceding(Some(expr)) | WindowFrameBound::Following(Some(expr)) => {
                    self.expr(expr)
                }
            }
        }
    }
}

/// A word that is read as a function without arguments.
fn is_column(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Function(Function {
            args: FunctionArguments::None,
            ..
        })
    )
}
