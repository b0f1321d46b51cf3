//! Group functions: `GROUP BY tumble(INTERVAL '1' MINUTE)` as a window over the one relation of FROM.

use sqlparser::ast::{Expr, GroupByExpr, Ident, TableWithJoins};
use sqlparser::tokenizer::Span as TokenSpan;

use super::{
    Lower,
    table::{as_call, factor_place, name_place, named, reference, take_alias},
};
use crate::{
    diagnostic::{Code, Diagnostic, Span},
    statement::{
        Window, WindowForm,
        window::{FunctionKind, function_kind},
    },
};

impl Lower<'_> {
    /// Rewrites a group function, if there is one, to a window in FROM and its two columns in GROUP BY.
    pub(super) fn group_windows(
        &mut self,
        from: &mut [TableWithJoins],
        group_by: &mut GroupByExpr,
        select_place: TokenSpan,
    ) {
        let GroupByExpr::Expressions(exprs, _) = group_by else {
            return;
        };
        let keys: Vec<Expr> = exprs
            .iter()
            .filter(|expr| group_function(expr).is_none())
            .cloned()
            .collect();
        let mut found: Option<Span> = None;
        let mut rewritten = Vec::with_capacity(exprs.len());
        for mut expr in std::mem::take(exprs) {
            let Some((kind, place)) = group_function(&expr) else {
                rewritten.push(expr);
                continue;
            };
            let span = self.places.call(place);
            if let Some(first) = found.replace(span) {
                let message = "a query is grouped by more than one window";
                self.report(
                    Diagnostic::error(Code::InvalidWindow, span, message)
                        .with_label(first, "the first is here"),
                );
                continue;
            }
            if let Err(diagnostic) = self.group_window(kind, place, &mut expr, &keys, from, select_place) {
                self.report(diagnostic);
            }
            for column in ["window_start", "window_end"] {
                let name = Ident {
                    value: column.to_string(),
                    quote_style: None,
                    span: place,
                };
                rewritten.push(Expr::Identifier(name));
            }
        }
        *exprs = rewritten;
    }

    fn group_window(
        &mut self,
        kind: FunctionKind,
        place: TokenSpan,
        expr: &mut Expr,
        keys: &[Expr],
        from: &mut [TableWithJoins],
        select_place: TokenSpan,
    ) -> Result<(), Diagnostic> {
        let span = self.places.call(place);
        let invalid = |message: &str, help: &str| {
            Err(Diagnostic::error(Code::InvalidWindow, span, message).with_help(help))
        };
        let [TableWithJoins { relation, joins }] = from else {
            return invalid(
                "a window in GROUP BY needs one relation in FROM",
                "put the window into FROM: `FROM TUMBLE(s, ts, INTERVAL '1' MINUTE)`",
            );
        };
        if !joins.is_empty() {
            return invalid(
                "a window in GROUP BY needs one relation in FROM, not a join",
                "put the windows into FROM, around each input of the join",
            );
        }
        if Window::index_of(relation).is_some() {
            return invalid(
                "the relation in FROM has a window already",
                "group by window_start, window_end",
            );
        }
        let Some((_, args)) = as_call(expr) else {
            return invalid(
                "this is no window to group by",
                "write `GROUP BY tumble(INTERVAL '1' MINUTE)`",
            );
        };
        let arguments = self.arguments(kind, span, args, false)?;
        let alias = take_alias(relation);
        let input_span = self.table_place(relation);
        let relation_place = Some(factor_place(relation))
            .filter(|place| place.start.line > 0)
            .unwrap_or(select_place);
        let input = std::mem::replace(relation, named(Vec::new().into()));
        let mut window = self.window(kind, WindowForm::Group, input, input_span, place, arguments)?;
        if kind == FunctionKind::Session {
            // Sessions are those of the group's other keys.
            window.partition_by = keys.to_vec();
        }
        *relation = reference(self.add(window), relation_place, alias);
        Ok(())
    }
}

/// Kind and name of a window function among expressions.
pub(super) fn group_function(expr: &Expr) -> Option<(FunctionKind, TokenSpan)> {
    let Expr::Function(function) = expr else {
        return None;
    };
    let [part] = function.name.0.as_slice() else {
        return None;
    };
    let ident = part.as_ident().filter(|ident| ident.quote_style.is_none())?;
    Some((function_kind(&ident.value)?, name_place(&function.name)?))
}
