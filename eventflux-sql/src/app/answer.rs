//! Answers to EXPLAIN, DESCRIBE and SHOW.

use crate::diagnostic::Span;

/// The answer to a statement that asks for something: a small table of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The statement's place in the text.
    pub span: Span,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Answer {
    /// An answer of one column.
    pub(crate) fn lines(span: Span, column: &str, text: &str) -> Self {
        let rows = text.lines().map(|line| vec![line.to_owned()]).collect();
        Self {
            span,
            columns: vec![column.to_owned()],
            rows,
        }
    }
}
