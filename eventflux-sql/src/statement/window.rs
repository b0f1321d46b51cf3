//! Windows, whatever their spelling.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, Ident, TableFactor, Value, ValueWithSpan};

use crate::{diagnostic::Span, duration::Duration};

/// The reserved name of the table factor that stands for a window. See the [module](super).
pub const WINDOW_FUNCTION: &str = "__window";

/// Which window a function makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunctionKind {
    Tumble,
    Hop,
    Cumulate,
    Session,
}

/// The window functions of FROM and GROUP BY.
pub(crate) const FUNCTIONS: &[(&str, FunctionKind)] = &[
    ("TUMBLE", FunctionKind::Tumble),
    ("HOP", FunctionKind::Hop),
    ("CUMULATE", FunctionKind::Cumulate),
    ("SESSION", FunctionKind::Session),
];

/// The window function of this name, in any case.
pub(crate) fn function_kind(name: &str) -> Option<FunctionKind> {
    FUNCTIONS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, kind)| *kind)
}

/// A window over a relation.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What kind, with its lengths.
    pub kind: WindowKind,
    /// How the text spells it.
    pub form: WindowForm,
    /// What is cut into windows: a named relation, a sub-query, or another window.
    pub input: TableFactor,
    /// The event-time column, if the text names one. Always absent in the group form and in the clause without a
    /// time parameter: then the input's event time counts.
    pub time_column: Option<Vec<Ident>>,
    /// The keys that sessions are kept for; empty for one session over all.
    pub partition_by: Vec<Expr>,
    /// How far windows are shifted from the epoch; not for sessions.
    pub offset: Option<Duration>,
    /// The name of the window function or clause.
    pub name_span: Span,
    /// The input.
    pub input_span: Span,
    /// The time column, or the whole window if none is named.
    pub time_span: Span,
    /// The whole window.
    pub span: Span,
}

/// The kind of a window. All lengths are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowKind {
    /// Back to back windows.
    Tumble {
        /// Their length.
        size: Duration,
    },
    /// Windows of one size that start every `slide`.
    Hop {
        /// From one start to the next.
        slide: Duration,
        /// Their length; need not be a multiple of `slide`, and may be shorter.
        size: Duration,
    },
    /// Windows that start together and grow by `step` up to `size`. `size` is a multiple of `step`.
    Cumulate {
        /// How much they grow.
        step: Duration,
        /// The longest.
        size: Duration,
    },
    /// Windows that end when no row came for `gap`.
    Session {
        /// How long the silence lasts.
        gap: Duration,
    },
}

/// How the text spells a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowForm {
    /// `FROM TUMBLE(s, ts, INTERVAL '1' MINUTE)`, in any of its spellings.
    Function,
    /// `FROM s WINDOW TUMBLING(1 MINUTE)`, in any of its spellings.
    Clause,
    /// `GROUP BY tumble(INTERVAL '1' MINUTE)`.
    Group,
}

impl Window {
    /// The index into [`Query::windows`](super::Query::windows) that a table factor refers to, if it is a window.
    pub fn index_of(factor: &TableFactor) -> Option<usize> {
        let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = factor
        else {
            return None;
        };
        let [part] = name.0.as_slice() else { return None };
        if part.as_ident()?.value != WINDOW_FUNCTION {
            return None;
        }
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan { value, .. })))] =
            args.args.as_slice()
        else {
            return None;
        };
        match value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        }
    }
}
