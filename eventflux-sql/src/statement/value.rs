//! A statement of any kind.

use sqlparser::ast::ObjectName;

use super::{CreateRelation, CreateView, Insert, Query};
use crate::{diagnostic::Span, option::OptionValue};

/// One statement of a text and where it stands, without its semicolon.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// Where it stands.
    pub span: Span,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// `CREATE STREAM | SOURCE | SINK | TABLE`.
    CreateRelation(Box<CreateRelation>),
    /// `CREATE VIEW v AS SELECT …`.
    CreateView(Box<CreateView>),
    /// `INSERT INTO s SELECT | VALUES …`, also in the trailing form.
    Insert(Box<Insert>),
    /// A bare `SELECT …`.
    Query(Box<Query>),
    /// `EXPLAIN …`.
    Explain(Explain),
    /// `DESCRIBE s`.
    Describe(Describe),
    /// `SHOW STREAMS` and the like.
    Show(Show),
    /// `SET k = v`.
    Set(Set),
    /// `DROP STREAM s` and the like.
    Drop(DropObject),
}

/// `EXPLAIN statement`, where the statement is a query or an insert.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// What to explain.
    pub statement: Box<Statement>,
}

/// `DESCRIBE [STREAM | TABLE | VIEW …] name`.
#[derive(Debug, Clone, PartialEq)]
pub struct Describe {
    /// The kind, if it is said.
    pub kind: Option<ObjectKind>,
    /// The relation.
    pub name: ObjectName,
}

/// What there is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShowKind {
    /// `SHOW STREAMS`.
    Streams,
    /// `SHOW TABLES`.
    Tables,
    /// `SHOW VIEWS`.
    Views,
    /// `SHOW QUERIES`.
    Queries,
    /// `SHOW SOURCES`.
    Sources,
    /// `SHOW SINKS`.
    Sinks,
    /// `SHOW FUNCTIONS`.
    Functions,
}

/// `SHOW …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Show {
    /// What to show.
    pub kind: ShowKind,
}

/// `SET key = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The key as written; parts joined by dots.
    pub key: String,
    /// Where the key is written.
    pub key_span: Span,
    /// The value: a string without its quotes, a number or a word. A duration (`1 HOUR`, `INTERVAL '1' HOUR`) is text
    /// that [`duration::parse_text`](crate::duration::parse_text) reads.
    pub value: OptionValue,
}

/// Kinds of objects that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A stream.
    Stream,
    /// A stream that is only read.
    Source,
    /// A stream that is only written.
    Sink,
    /// A table.
    Table,
    /// A view.
    View,
}

/// `DROP STREAM | SOURCE | SINK | TABLE | VIEW [IF EXISTS] name`.
#[derive(Debug, Clone, PartialEq)]
pub struct DropObject {
    /// The kind of object.
    pub kind: ObjectKind,
    /// Whether a name that does not exist is fine.
    pub is_if_exists: bool,
    /// The object.
    pub name: ObjectName,
}
