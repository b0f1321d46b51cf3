//! Nodes: the operators of a plan.

use std::fmt;

use arrow::datatypes::SchemaRef;

use super::OperatorSpec;

/// The place of a node in its plan. Not stable between plans: [`Node::operator_id`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// How many subtasks an operator may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parallelism {
    /// As many as the run has.
    Any,
    /// At most this many.
    AtMost(usize),
}

/// What rows a stream between operators carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ChangelogMode {
    /// Insertions only.
    Append,
    /// `+I -U +U -D`; the columns that identify a row, if any do (an empty list: there is at most one row).
    Changelog {
        /// Indices of the columns that are unique in the result.
        unique_key: Option<Vec<usize>>,
    },
}

/// A range of bytes in the user's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextSpan {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One operator of a plan.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its place in the plan.
    pub id: NodeId,
    /// Stable over edits of unrelated statements: derived from SQL names and the operator's path within its query.
    pub operator_id: String,
    /// What a person calls it: `window aggregate`, `source flights`.
    pub name: String,
    /// What it does.
    pub spec: OperatorSpec,
    /// The columns it emits.
    pub schema: SchemaRef,
    /// The kind of rows it emits.
    pub changelog: ChangelogMode,
    /// How many subtasks it may have.
    pub parallelism: Parallelism,
    /// Where it comes from in the user's text.
    pub span: Option<TextSpan>,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}
