//! From `sqlparser`'s tree to ours: windows are taken out, and what is not planned is refused.
//!
//! Every node of a query is taken apart **without** `..`, so a new field or variant of the syntax tree is a compile
//! error here rather than a clause that is read and ignored. What is left alone is what the planner reads.
//!
//! Also counted here is how often common table expressions are written out when they are inlined.
//!
//! **Stack**: trees are as deep as [`cap`](crate::text::cap) allows; the walk grows its stack as it needs.

mod expr;
mod function;
mod group;
pub(crate) mod instead;
mod length;
mod place;
mod query;
mod select;
mod table;
mod window;

use std::collections::HashMap;

use sqlparser::ast::{Expr, Query};

use self::place::Places;
use super::{Window, splice::ClauseWindow};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Span},
    text::delegate::Run,
};

/// Takes the windows out of a query.
pub(crate) fn lower_query(
    run: Run<'_>,
    clauses: Vec<ClauseWindow>,
    query: &mut Query,
) -> Result<Vec<Window>, Diagnostics> {
    let mut lower = Lower::new(run, clauses, true);
    lower.query(query);
    if lower.diagnostics.is_empty() {
        Ok(lower.windows)
    } else {
        Err(lower.diagnostics)
    }
}

/// Checks an expression that stands outside of a query.
pub(crate) fn lower_expression(run: Run<'_>, expr: &mut Expr) -> Result<(), Diagnostic> {
    let mut lower = Lower::new(run, Vec::new(), false);
    lower.expr(expr);
    match lower.diagnostics.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(first),
    }
}

/// The walk over one statement.
struct Lower<'a> {
    places: Places<'a>,
    clauses: Vec<Option<ClauseWindow>>,
    windows: Vec<Window>,
    diagnostics: Diagnostics,
    /// For each query around, how often a reference to each of its CTEs writes out CTEs.
    scopes: Vec<HashMap<String, u64>>,
    /// How often CTEs are written out in the query walked.
    cte_copies: u64,
    is_query_allowed: bool,
}

impl<'a> Lower<'a> {
    fn new(run: Run<'a>, clauses: Vec<ClauseWindow>, is_query_allowed: bool) -> Self {
        Self {
            places: Places::new(run),
            clauses: clauses.into_iter().map(Some).collect(),
            windows: Vec::new(),
            diagnostics: Vec::new(),
            scopes: Vec::new(),
            cte_copies: 0,
            is_query_allowed,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.has_enough() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether so much is wrong with the statement that more would not be read.
    fn has_enough(&self) -> bool {
        const DIAGNOSTICS_MAX: usize = 20;
        self.diagnostics.len() >= DIAGNOSTICS_MAX
    }

    /// Refuses a form of other databases.
    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        let diagnostic = Diagnostic::error(Code::NotSupported, span, format!("{what} is not supported"));
        self.report(if help.is_empty() {
            diagnostic
        } else {
            diagnostic.with_help(help)
        });
    }

    /// Refuses a form of a later version.
    fn refuse_yet(&mut self, span: Span, what: &str) {
        self.report(Diagnostic::error(
            Code::NotSupportedYet,
            span,
            format!("{what} is not supported yet"),
        ));
    }

    /// Adds a window and gives its index.
    fn add(&mut self, window: Window) -> usize {
        self.windows.push(window);
        self.windows.len() - 1
    }
}
