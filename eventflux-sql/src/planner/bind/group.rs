//! GROUP BY: its keys, and what may be shown beside them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Select, Spanned,
    Value, ValueWithSpan, Visit, Visitor,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::Binder;
use super::expression::{Alias, Clause, has_aggregate, is_aggregate};
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::function::FunctionRegistry;
use crate::statement::WindowForm;

impl Binder<'_> {
    /// Finds the keys' names, writes them out, and checks that everything shown is a key or an aggregate. Says whether there
    /// are groups.
    pub(super) fn group(
        &mut self,
        select: &mut Select,
        items: &[&Expr],
        scope: &Scope,
        aliases: &[Alias],
    ) -> bool {
        let has_aggregates = items.iter().any(|item| has_aggregate(item, self.functions))
            || select
                .having
                .as_ref()
                .is_some_and(|having| has_aggregate(having, self.functions));
        let mut keys = match &mut select.group_by {
            GroupByExpr::All(_) => {
                let keys = items.iter().filter(|item| !has_aggregate(item, self.functions));
                keys.map(|item| (*item).clone()).collect()
            }
            GroupByExpr::Expressions(keys, _) => {
                let mut keys = std::mem::take(keys);
                for key in &mut keys {
                    self.key(key, items, scope, aliases);
                }
                if keys.is_empty()
                    && !has_aggregates
                    && is_distinct_in_windows(select.distinct.as_ref(), scope)
                {
                    // Each row once per window.
                    select.distinct = None;
                    keys = items.iter().map(|item| (*item).clone()).collect();
                }
                keys
            }
        };
        if keys.is_empty() && !has_aggregates {
            if let Some(having) = &select.having {
                let span = self.source.span_of(having.span());
                self.report(
                    Diagnostic::error(Code::NotGrouped, span, "HAVING needs GROUP BY or an aggregate")
                        .with_help("write WHERE to filter rows"),
                );
            }
            select.group_by = GroupByExpr::Expressions(keys, Vec::new());
            return false;
        }
        self.add_window_bounds(&mut keys, scope, items, select.having.as_ref());
        if self.diagnostics.is_empty() {
            let plain = plain_keys(&keys);
            for expr in items.iter().copied().chain(&select.having) {
                self.check_grouped(expr, &plain);
            }
        }
        select.group_by = GroupByExpr::Expressions(keys, Vec::new());
        true
    }

    /// A key: an ordinal, a grouping set, or an expression.
    fn key(&mut self, key: &mut Expr, items: &[&Expr], scope: &Scope, aliases: &[Alias]) {
        match key {
            Expr::Nested(inner) => self.key(inner, items, scope, aliases),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                for key in sets.iter_mut().flatten() {
                    self.key(key, items, scope, aliases);
                }
                self.check_distinct_keys(key);
            }
            Expr::Tuple(keys) => {
                for key in keys {
                    self.key(key, items, scope, aliases);
                }
            }
            Expr::Value(ValueWithSpan {
                value: Value::Number(digits, _),
                span,
            }) => {
                let span = *span;
                match digits
                    .parse::<usize>()
                    .ok()
                    .and_then(|ordinal| items.get(ordinal.checked_sub(1)?))
                {
                    Some(item) => {
                        *key = (*item).clone();
                        self.expression_is_key(key, span);
                    }
                    None => {
                        let message = format!("GROUP BY {digits} names no column: there are {}", items.len());
                        self.report(Diagnostic::error(
                            Code::NotGrouped,
                            self.source.span_of(span),
                            message,
                        ));
                    }
                }
            }
            other => {
                let span = other.span();
                self.expression(other, scope, Clause::GroupBy, aliases);
                self.expression_is_key(other, span);
            }
        }
    }

    /// A key stands once in a set: twice is the same as once, and only makes equal sets.
    fn check_distinct_keys(&mut self, sets: &Expr) {
        let lists: Vec<Vec<&Expr>> = match sets {
            Expr::GroupingSets(sets) => sets.iter().map(|set| set.iter().collect()).collect(),
            Expr::Cube(parts) | Expr::Rollup(parts) => vec![parts.iter().flatten().collect()],
            _ => return,
        };
        for keys in lists {
            let mut seen = BTreeSet::new();
            if let Some(twice) = keys.iter().find(|key| !seen.insert(key.to_string())) {
                let span = self.source.span_of(twice.span());
                let message = "this key stands twice in one grouping set, ROLLUP or CUBE";
                self.report(
                    Diagnostic::error(Code::NotSupported, span, message).with_help("leave one of them out"),
                );
                return;
            }
        }
    }

    /// A key that came from an alias or an ordinal may be an aggregate, which cannot be a key.
    fn expression_is_key(&mut self, key: &Expr, span: TokenSpan) {
        if self.diagnostics.is_empty() && has_aggregate(key, self.functions) {
            let message = "an aggregate cannot be a key of GROUP BY";
            self.report(Diagnostic::error(
                Code::MisplacedAggregate,
                self.source.span_of(span),
                message,
            ));
        }
    }

    fn check_grouped(&mut self, expr: &Expr, keys: &[&Expr]) {
        let mut check = Grouped {
            keys,
            functions: self.functions,
            covered_depth: 0,
            found: None,
        };
        let _ = expr.visit(&mut check);
        let Some((name, span, is_grouping)) = check.found else {
            return;
        };
        let span = self.source.span_of(span);
        // The columns of `*` are all at one place.
        if self
            .diagnostics
            .iter()
            .any(|known| known.code == Code::NotGrouped && known.span == span)
        {
            return;
        }
        if is_grouping {
            let message = format!("`{name}` is no key of GROUP BY, so `grouping` has nothing to say of it");
            self.report(Diagnostic::error(Code::NotGrouped, span, message));
            return;
        }
        let message = format!("column `{name}` is neither a key of GROUP BY nor within an aggregate");
        self.report(not_grouped(span, message, &name));
    }
}

/// `SELECT DISTINCT` over a clause window, whose rows are distinct per window.
fn is_distinct_in_windows(distinct: Option<&Distinct>, scope: &Scope) -> bool {
    matches!(distinct, Some(Distinct::Distinct))
        && scope.relations.iter().any(|relation| {
            relation
                .window
                .is_some_and(|window| window.form == WindowForm::Clause)
        })
}

fn not_grouped(span: Span, message: String, name: &str) -> Diagnostic {
    Diagnostic::error(Code::NotGrouped, span, message).with_help(format!(
        "add it to GROUP BY, or take one value of the group: `max({name})`, `first_value({name})`"
    ))
}

/// The keys of all grouping sets.
fn plain_keys(keys: &[Expr]) -> Vec<&Expr> {
    let mut plain = Vec::new();
    for key in keys {
        match key {
            Expr::Nested(inner) => plain.extend(plain_keys(std::slice::from_ref(inner))),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                sets.iter().for_each(|set| plain.extend(plain_keys(set)));
            }
            Expr::Tuple(keys) => plain.extend(plain_keys(keys)),
            other => plain.push(other),
        }
    }
    plain
}

/// Looks for a column outside of keys and aggregates.
struct Grouped<'a> {
    keys: &'a [&'a Expr],
    functions: &'a FunctionRegistry,
    /// In how many expressions the walk is that are covered by a key or an aggregate.
    covered_depth: usize,
    /// The column, its place, and whether it is an argument of `grouping`.
    found: Option<(String, TokenSpan, bool)>,
}

impl Visitor for Grouped<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let is_covered = self.covered_depth > 0
            || self.keys.contains(&expr)
            || matches!(expr, Expr::Function(function) if is_aggregate(function, self.functions));
        if let Expr::Function(function) = expr
            && let Some((name, place)) = self.stray_grouping(function)
        {
            self.found = Some((name, place, true));
            return ControlFlow::Break(());
        }
        if is_covered {
            self.covered_depth += 1;
            return ControlFlow::Continue(());
        }
        if matches!(expr, Expr::CompoundIdentifier(_)) {
            let name = column_name(expr);
            self.found = Some((name, expr.span(), false));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.covered_depth = self.covered_depth.saturating_sub(1);
        ControlFlow::Continue(())
    }
}

impl Grouped<'_> {
    /// An argument of `grouping` that is no key.
    fn stray_grouping(&self, function: &Function) -> Option<(String, TokenSpan)> {
        let FunctionArguments::List(list) = &function.args else {
            return None;
        };
        if !function.name.to_string().eq_ignore_ascii_case("grouping") {
            return None;
        }
        list.args.iter().find_map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if !self.keys.contains(&expr) => {
                Some((column_name(expr), expr.span()))
            }
            _ => None,
        })
    }
}

fn column_name(expr: &Expr) -> String {
    match expr {
        Expr::CompoundIdentifier(idents) => idents.last().map_or_else(String::new, |last| last.value.clone()),
        other => other.to_string(),
    }
}
