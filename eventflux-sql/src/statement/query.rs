//! A query and what streams add to it.

use super::Window;
use crate::{diagnostic::Span, duration::Duration};

/// A query over streams. See the [module](super) on how windows stand in its tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The relational query; windows are replaced by references into `windows`.
    pub body: Box<sqlparser::ast::Query>,
    /// The windows of this statement, those of its sub-queries included.
    pub windows: Vec<Window>,
    /// `EMIT …`.
    pub emit: Option<Emit>,
    /// `OUTPUT … EVERY …`.
    pub output: Option<OutputRate>,
    /// Where the query is written, without EMIT and OUTPUT.
    pub span: Span,
}

/// `EMIT …`: when results of a changing query are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Emit {
    /// When.
    pub mode: EmitMode,
    /// Where it is written.
    pub span: Span,
}

/// When results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmitMode {
    /// `EMIT CHANGES`: with every input row.
    Changes,
    /// `EMIT ON WINDOW CLOSE` (also `EMIT FINAL`): once, when the window closes.
    OnWindowClose,
    /// `EMIT EVERY INTERVAL …`: the latest per key, periodically.
    Every(Duration),
}

/// `OUTPUT [ALL | FIRST | LAST | SNAPSHOT] EVERY n EVENTS | duration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutputRate {
    /// Which of the rows of a period are written.
    pub selection: OutputSelection,
    /// The period.
    pub every: OutputLimit,
    /// Where it is written.
    pub span: Span,
}

/// Which of the rows of a period are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputSelection {
    /// All of them, at its end (the default).
    #[default]
    All,
    /// The first, at once.
    First,
    /// The last, at its end.
    Last,
    /// What the window holds at its end.
    Snapshot,
}

/// How long a period of limited output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputLimit {
    /// So many rows.
    Events(u64),
    /// So much time.
    Time(Duration),
}
