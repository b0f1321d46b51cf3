//! Declared relations: streams, sources, sinks, tables and views.

use sqlparser::ast::{Expr, Ident, ObjectName};

use super::{Query, SqlType};
use crate::{diagnostic::Span, option::SqlOption};

/// What kind of relation a statement declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// `CREATE STREAM`.
    Stream,
    /// `CREATE SOURCE`: a stream that is only read.
    Source,
    /// `CREATE SINK`: a stream that is only written.
    Sink,
    /// `CREATE TABLE`.
    Table,
}

/// `CREATE STREAM | SOURCE | SINK | TABLE name (columns and constraints) WITH (options)`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRelation {
    /// Stream, source, sink or table.
    pub kind: RelationKind,
    /// `OR REPLACE`.
    pub is_or_replace: bool,
    /// `IF NOT EXISTS`.
    pub is_if_not_exists: bool,
    /// Its name.
    pub name: ObjectName,
    /// Where the name is written.
    pub name_span: Span,
    /// Its columns in order; may be empty (a sink takes the columns of what is inserted).
    pub columns: Vec<Column>,
    /// `WATERMARK FOR c AS expr`.
    pub watermark: Option<Watermark>,
    /// `PRIMARY KEY (…)`, of the table or of its one key column.
    pub primary_key: Option<PrimaryKey>,
    /// `WITH (…)`: `None` if there is no such clause, which makes an internal relation.
    pub options: Option<Vec<SqlOption>>,
}

/// One declared column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Where its value comes from, and with it, its type.
    pub kind: ColumnKind,
    /// `NOT NULL`.
    pub is_not_null: bool,
    /// The whole definition.
    pub span: Span,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnKind {
    /// `c TYPE`: from the decoded row.
    Physical {
        /// Its type.
        data_type: SqlType,
    },
    /// `c TYPE METADATA [FROM 'key']`: from what the connector knows about the row.
    Metadata {
        /// Its type.
        data_type: SqlType,
        /// The connector's name for it; the column's own name if none is given.
        key: Option<String>,
        /// Where the key (or the word METADATA) is written.
        key_span: Span,
    },
    /// `c AS expr`: computed from other columns. The type is the expression's.
    Computed {
        /// What to compute.
        expr: Box<Expr>,
        /// Where it is written.
        expr_span: Span,
    },
}

/// `WATERMARK FOR column AS expr`.
#[derive(Debug, Clone, PartialEq)]
pub struct Watermark {
    /// The event-time column.
    pub column: Ident,
    /// The watermark a row carries; `None` for `WATERMARK FOR column` alone, which is the column itself.
    pub expr: Option<Expr>,
    /// The whole clause.
    pub span: Span,
}

/// `PRIMARY KEY (columns) [NOT ENFORCED]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PrimaryKey {
    /// The key columns in order.
    pub columns: Vec<Ident>,
    /// `NOT ENFORCED` was said.
    pub is_not_enforced: bool,
    /// The whole clause.
    pub span: Span,
}

/// `CREATE [OR REPLACE] VIEW name [(columns)] AS query`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateView {
    /// `OR REPLACE`.
    pub is_or_replace: bool,
    /// `IF NOT EXISTS`.
    pub is_if_not_exists: bool,
    /// Its name.
    pub name: ObjectName,
    /// Where the name is written.
    pub name_span: Span,
    /// Names for the query's columns; empty if they keep their own.
    pub columns: Vec<Ident>,
    /// What it stands for.
    pub query: Query,
}
