//! The bounds of a window among the keys of GROUP BY.

use std::ops::ControlFlow;

use sqlparser::ast::Expr;
use sqlparser::tokenizer::Span as TokenSpan;

use super::Binder;
use super::column::name_of;
use super::scope::{Scope, ScopeRelation};
use crate::planner::window_node::{WINDOW_END, WINDOW_START, WINDOW_TIME};
use crate::statement::{WindowForm, WindowKind};

impl Binder<'_> {
    /// Completes the bounds among the keys: a clause window groups by its bounds without saying so; where one bound tells
    /// the windows apart, the other may be shown, too; where both are keys, so may the window's time.
    pub(super) fn add_window_bounds(
        &self,
        keys: &mut Vec<Expr>,
        scope: &Scope,
        items: &[&Expr],
        having: Option<&Expr>,
    ) {
        let windowed = scope
            .relations
            .iter()
            .find_map(|relation| Some((relation, relation.window?)));
        let Some((relation, window)) = windowed else {
            return;
        };
        let bound = |name: &str| bound(relation, name);
        let has = |keys: &[Expr], name: &str| keys.contains(&bound(name));
        let is_told_apart = match window.kind {
            WindowKind::Tumble { .. } | WindowKind::Hop { .. } => {
                has(keys, WINDOW_START) || has(keys, WINDOW_END)
            }
            WindowKind::Cumulate { .. } => has(keys, WINDOW_END),
            WindowKind::Session { .. } => false,
        };
        if is_told_apart || window.form == WindowForm::Clause {
            for name in [WINDOW_START, WINDOW_END] {
                if !has(keys, name) {
                    keys.push(bound(name));
                }
            }
        }
        let time = bound(WINDOW_TIME);
        let is_shown = items.iter().copied().chain(having).any(|expr| holds(expr, &time));
        if has(keys, WINDOW_START) && has(keys, WINDOW_END) && is_shown && !keys.contains(&time) {
            keys.push(time);
        }
    }
}

fn bound(relation: &ScopeRelation, name: &str) -> Expr {
    let mut parts = relation.qualifier.clone();
    parts.push(name.to_owned());
    name_of(&parts, TokenSpan::empty())
}

fn holds(expr: &Expr, wanted: &Expr) -> bool {
    let found = sqlparser::ast::visit_expressions(expr, |part| {
        if part == wanted {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found.is_break()
}
