//! Clauses of the language that this version does not run. They are refused, never read and dropped.

use sqlparser::ast::{
    Distinct, Expr, Join, OrderByKind, Query, Select, SetOperator, SetQuantifier, Spanned, TableFactor,
    WindowType,
};

use crate::diagnostic::{Code, Diagnostic, SourceText, Span};
use crate::statement::instead::{ELEMENTS, EXCEPT, FIRST_ROWS, ONE_RELATION};

/// A refusal of what a later version brings.
pub(super) fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code::NotSupportedYet,
        span,
        format!("{what} is not supported yet"),
    )
}

/// Refuses ORDER BY and LIMIT.
pub(super) fn query(query: &Query, source: &SourceText) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    if let Some(order_by) = &query.order_by {
        let place = match &order_by.kind {
            OrderByKind::Expressions(exprs) => exprs.first().map(|expr| source.span_of(expr.span())),
            OrderByKind::All(_) => None,
        };
        let span = keyword_before(
            source,
            place.unwrap_or_else(|| source.span_of(query.span())),
            "ORDER",
        );
        refused.push(
            not_yet(span, "ORDER BY")
                .with_help("results of a stream have no end to sort at; leave the clause out"),
        );
    }
    if let Some(limit) = &query.limit_clause {
        let span = keyword_before(source, source.span_of(limit.span()), "LIMIT");
        refused.push(not_yet(span, "LIMIT").with_help(FIRST_ROWS));
    }
    refused
}

/// Refuses what a SELECT cannot have.
pub(super) fn select(select: &Select, source: &SourceText) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    if let Some(Distinct::On(exprs)) = &select.distinct {
        let place = exprs.first().map_or(select.span(), |expr| expr.span());
        let span = keyword_before(source, source.span_of(place), "DISTINCT");
        refused.push(
            not_yet(span, "DISTINCT ON")
                .with_help("use `first_value(x ORDER BY …)` with GROUP BY, or SELECT DISTINCT"),
        );
    }
    if let Some(window) = select.named_window.first() {
        refused.push(not_yet(source.span_of(window.0.span), "a named OVER window"));
    }
    let joins = select.from.iter().flat_map(|relation| relation.joins.iter());
    refused.extend(joins.map(|join| refused_join(join, source)));
    refused.extend(select.from.iter().skip(1).map(|relation| {
        not_yet(
            factor_span(&relation.relation, source),
            "a second relation in FROM",
        )
        .with_help(ONE_RELATION)
    }));
    refused
}

fn refused_join(join: &Join, source: &SourceText) -> Diagnostic {
    let relation = factor_span(&join.relation, source);
    let keyword = keyword_before(source, relation, "JOIN");
    not_yet(
        if keyword == relation {
            relation
        } else {
            keyword.to(relation)
        },
        "a join",
    )
    .with_help(ONE_RELATION)
}

/// The diagnostics for a relation that no FROM can have yet.
pub(super) fn factor(factor: &TableFactor, source: &SourceText) -> Diagnostic {
    let (what, help) = match factor {
        TableFactor::UNNEST { .. } => ("UNNEST in FROM", ELEMENTS),
        TableFactor::NestedJoin { .. } => ("a join", ONE_RELATION),
        _ => ("this form of a relation", ONE_RELATION),
    };
    not_yet(factor_span(factor, source), what).with_help(help)
}

/// Where a relation is written.
pub(super) fn factor_span(factor: &TableFactor, source: &SourceText) -> Span {
    source.span_of(factor.span())
}

/// The diagnostics for a set operation that is not run.
pub(super) fn set_operation(
    op: SetOperator,
    quantifier: SetQuantifier,
    right: Span,
    source: &SourceText,
) -> Option<Diagnostic> {
    let (what, word, help) = match (op, quantifier) {
        (SetOperator::Union, SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None) => {
            return None;
        }
        (SetOperator::Union, _) => (
            "UNION BY NAME",
            "UNION",
            "write UNION, and the columns of both queries in one order",
        ),
        (SetOperator::Intersect, _) => (
            "INTERSECT",
            "INTERSECT",
            "today: one query with both conditions, joined by AND, if both read one stream",
        ),
        (SetOperator::Except | SetOperator::Minus, _) => ("EXCEPT", "EXCEPT", EXCEPT),
    };
    Some(not_yet(keyword_before(source, right, word), what).with_help(help))
}

/// The refusal of an expression that only later versions compute.
pub(super) fn expression(expr: &Expr, source: &SourceText) -> Option<Diagnostic> {
    const VALUES: &str = "today: sub-queries stand in FROM; write the values out, as in `x IN (1, 2)`";
    let (what, help) = match expr {
        Expr::Subquery(_) => ("a sub-query as a value", "today: sub-queries stand in FROM"),
        Expr::Exists { .. } => ("EXISTS", "today: sub-queries stand in FROM"),
        Expr::InSubquery { .. } => ("IN with a sub-query", VALUES),
        Expr::AnyOp { right, .. } if matches!(right.as_ref(), Expr::Subquery(_)) => {
            ("ANY with a sub-query", VALUES)
        }
        Expr::AllOp { .. } => ("ALL with a sub-query", VALUES),
        Expr::Function(function) => match &function.over {
            Some(WindowType::WindowSpec(_) | WindowType::NamedWindow(_)) => (
                "OVER",
                "today: aggregate with GROUP BY, over a window such as `TUMBLE(s, ts, INTERVAL '1' MINUTE)`",
            ),
            None => return None,
        },
        _ => return None,
    };
    Some(not_yet(source.span_of(expr.span()), what).with_help(help))
}

/// The last word of this spelling before a place; the place itself if there is none.
pub(super) fn keyword_before(source: &SourceText, place: Span, word: &str) -> Span {
    let before = &source.text()[..place.start.min(source.text().len())];
    let upper = before.to_ascii_uppercase();
    match upper.rfind(word) {
        Some(start) => Span::new(start, start + word.len()),
        None => place,
    }
}
