//! Queries, their CTEs, their set operations, their order.

use std::collections::HashMap;

use sqlparser::ast::{
    Cte, LimitClause, Offset, OrderBy, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator, TableAlias,
    Values, With,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::Lower;
use super::instead::{EXCEPT, FIRST_ROWS};
use crate::diagnostic::{Code, Diagnostic};

/// How many copies of CTEs one query may be written out to.
const CTE_COPIES_MAX: u64 = 1_000;

impl Lower<'_> {
    #[recursive::recursive]
    pub(super) fn query(&mut self, query: &mut Query) {
        let place = first_place(query);
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !self.is_query_allowed {
            let span = self.places.span(place);
            self.report(
                Diagnostic::error(
                    Code::InvalidColumn,
                    span,
                    "a sub-query cannot stand in a column or watermark",
                )
                .with_help("compute it in a query or a view"),
            );
            return;
        }
        self.scopes.push(HashMap::new());
        if let Some(with) = with {
            self.with(with);
        }
        self.set_expr(body, place);
        if let Some(order_by) = order_by {
            self.order_by(order_by, place);
        }
        if let Some(limit_clause) = limit_clause {
            self.limit(limit_clause, place);
        }
        if fetch.is_some() {
            let span = self.places.clause(place, &["FETCH"]);
            self.refuse(span, "FETCH", FIRST_ROWS);
        }
        if !locks.is_empty() || for_clause.is_some() {
            let span = self.places.clause(place, &["FOR"]);
            self.refuse(span, "FOR behind a query", "streams have no locks; leave it out");
        }
        if settings.is_some() {
            let span = self.places.clause(place, &["SETTINGS"]);
            self.refuse(span, "SETTINGS", "write `SET key = value`");
        }
        if format_clause.is_some() {
            let span = self.places.clause(place, &["FORMAT"]);
            self.refuse(
                span,
                "FORMAT",
                "the format is an option of the sink, or of the command: `--format`",
            );
        }
        if !pipe_operators.is_empty() {
            let span = self.places.span(place);
            self.refuse(
                span,
                "`|>`",
                "write the query with its clauses in the usual order",
            );
        }
        self.scopes.pop();
    }

    fn with(&mut self, with: &mut With) {
        let With {
            with_token,
            recursive,
            cte_tables,
        } = with;
        if *recursive {
            let span = self.places.clause(with_token.0.span, &["RECURSIVE"]);
            self.refuse(
                span,
                "WITH RECURSIVE",
                "streams cannot feed themselves; write out the steps that are needed",
            );
        }
        for cte in cte_tables {
            self.cte(cte);
        }
    }

    fn cte(&mut self, cte: &mut Cte) {
        let Cte {
            alias,
            query,
            from,
            materialized,
            closing_paren_token: _,
        } = cte;
        let place = alias.name.span;
        self.alias(alias);
        if from.is_some() {
            let span = self.places.span(place);
            self.refuse(span, "FROM behind a common table expression", "");
        }
        if materialized.is_some() {
            let span = self.places.clause(place, &["MATERIALIZED", "NOT"]);
            self.refuse(
                span,
                "MATERIALIZED",
                "common table expressions are inlined; leave the word out",
            );
        }
        let outside = std::mem::take(&mut self.cte_copies);
        self.query(query);
        let inside = std::mem::replace(&mut self.cte_copies, outside);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(alias.name.value.to_lowercase(), inside.saturating_add(1));
        }
    }

    /// Counts a reference to a relation that may be a CTE.
    pub(super) fn count_reference(&mut self, name: &str, place: TokenSpan) {
        let name = name.to_lowercase();
        let Some(copies) = self.scopes.iter().rev().find_map(|scope| scope.get(&name)) else {
            return;
        };
        let was_within = self.cte_copies <= CTE_COPIES_MAX;
        self.cte_copies = self.cte_copies.saturating_add(*copies);
        if was_within && self.cte_copies > CTE_COPIES_MAX {
            let message = format!("the WITH queries refer to each other more than {CTE_COPIES_MAX} times");
            let diagnostic = Diagnostic::error(Code::CteExpansionTooLarge, self.places.span(place), message)
                .with_help("insert one of them into a stream, and read that");
            self.report(diagnostic);
        }
    }

    #[recursive::recursive]
    fn set_expr(&mut self, body: &mut SetExpr, place: TokenSpan) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier: _,
                right,
            } => {
                self.set_expr(left, place);
                self.set_expr(right, place);
                match op {
                    SetOperator::Union | SetOperator::Intersect | SetOperator::Except => {}
                    SetOperator::Minus => {
                        let span = self.places.clause(place, &["MINUS"]);
                        self.refuse(span, "MINUS", EXCEPT);
                    }
                }
            }
            SetExpr::Values(values) => self.values(values, place),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                let span = self
                    .places
                    .clause(place, &["INSERT", "UPDATE", "DELETE", "MERGE"]);
                self.refuse(span, "a change of a table within a query", "");
            }
            SetExpr::Table(_) => {
                let span = self.places.clause(place, &["TABLE"]);
                self.refuse(span, "`TABLE name` as a query", "write `SELECT * FROM name`");
            }
        }
    }

    fn values(&mut self, values: &mut Values, place: TokenSpan) {
        let Values {
            explicit_row,
            value_keyword,
            rows,
        } = values;
        if *explicit_row || *value_keyword {
            let span = self.places.clause(place, &["VALUE", "ROW"]);
            self.refuse(span, "this form of VALUES", "write `VALUES (…), (…)`");
        }
        for row in rows {
            for value in &mut row.content {
                self.expr(value);
            }
        }
    }

    fn order_by(&mut self, order_by: &mut OrderBy, place: TokenSpan) {
        let OrderBy { kind, interpolate } = order_by;
        match kind {
            OrderByKind::All(_) => {
                let span = self.places.clause(place, &["ALL"]);
                self.refuse(span, "ORDER BY ALL", "name the columns");
            }
            OrderByKind::Expressions(exprs) => {
                for expr in exprs {
                    self.order_by_expr(expr);
                }
            }
        }
        if interpolate.is_some() {
            let span = self.places.clause(place, &["INTERPOLATE"]);
            self.refuse(span, "INTERPOLATE", "");
        }
    }

    pub(super) fn order_by_expr(&mut self, order: &mut OrderByExpr) {
        let OrderByExpr {
            expr,
            options: _,
            with_fill,
        } = order;
        self.expr(expr);
        if with_fill.is_some() {
            let span = self.places.whole();
            self.refuse(span, "WITH FILL", "");
        }
    }

    fn limit(&mut self, limit_clause: &mut LimitClause, place: TokenSpan) {
        match limit_clause {
            LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            } => {
                if let Some(limit) = limit {
                    self.expr(limit);
                }
                if let Some(Offset { value, rows: _ }) = offset {
                    self.expr(value);
                }
                if !limit_by.is_empty() {
                    let span = self.places.clause(place, &["LIMIT"]);
                    self.refuse(span, "LIMIT BY", FIRST_ROWS);
                }
            }
            LimitClause::OffsetCommaLimit { offset, limit } => {
                self.expr(offset);
                self.expr(limit);
                let span = self.places.clause(place, &["LIMIT"]);
                self.refuse(span, "LIMIT with a comma", FIRST_ROWS);
            }
        }
    }

    pub(super) fn alias(&mut self, alias: &TableAlias) {
        let TableAlias {
            explicit: _,
            name,
            columns,
            at,
        } = alias;
        if columns.iter().any(|column| column.data_type.is_some()) {
            let span = self.places.span(name.span);
            self.refuse(
                span,
                "a type in an alias",
                "name the columns only, and CAST them in SELECT",
            );
        }
        if at.is_some() {
            let span = self.places.span(name.span);
            self.refuse(span, "AT behind an alias", "");
        }
    }
}

/// A place at or before the beginning of a query.
fn first_place(query: &Query) -> TokenSpan {
    if let Some(with) = &query.with {
        return with.with_token.0.span;
    }
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::SetOperation { left, .. } => body = left.as_ref(),
            SetExpr::Query(query) => {
                if let Some(with) = &query.with {
                    return with.with_token.0.span;
                }
                body = query.body.as_ref();
            }
            SetExpr::Select(select) => return select.select_token.0.span,
            SetExpr::Values(values) => {
                return values
                    .rows
                    .first()
                    .map_or(TokenSpan::empty(), |row| row.opening_token.0.span);
            }
            _ => return TokenSpan::empty(),
        }
    }
}
