//! Relations: whatever a FROM or an INSERT INTO can name.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion_expr::LogicalPlan;

use super::{Column, ConnectorUse, EngineOptions};
use crate::diagnostic::Span;

/// The place of a relation in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RelationId(pub(crate) usize);

/// What kind of relation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RelationType {
    /// `CREATE STREAM`, or created by the first INSERT into it.
    Stream,
    /// `CREATE SOURCE`.
    Source,
    /// `CREATE SINK`.
    Sink,
    /// `CREATE TABLE`.
    Table,
    /// `CREATE VIEW`.
    View,
    /// The built-in stream of bad rows.
    Errors,
}

impl RelationType {
    /// What users call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            RelationType::Stream | RelationType::Errors => "stream",
            RelationType::Source => "source",
            RelationType::Sink => "sink",
            RelationType::Table => "table",
            RelationType::View => "view",
        }
    }
}

/// The column of a relation that is its event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventTimeColumn {
    /// Index of the column.
    pub(crate) column: usize,
    /// The watermark is the largest event time less this.
    pub(crate) delay_us: i64,
}

/// A stream, table or view.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Its name as declared; parts joined by dots.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: RelationType,
    /// Its columns. Empty for a sink that takes what is inserted first.
    pub(crate) columns: Vec<Column>,
    /// Its event time; `None` is the time of arrival, or that of the rows that are inserted.
    pub(crate) event_time: Option<EventTimeColumn>,
    /// Indices of the PRIMARY KEY's columns.
    pub(crate) primary_key: Vec<usize>,
    /// Where the key is declared.
    pub(crate) primary_key_span: Option<Span>,
    /// Its connector; `None` is an internal relation.
    pub(crate) connector: Option<ConnectorUse>,
    /// What the engine itself reads from WITH.
    pub(crate) engine: EngineOptions,
    /// A view's query.
    pub(crate) view: Option<View>,
    /// Where its name is declared; absent for built-in streams.
    pub(crate) span: Option<Span>,
}

/// The query of a view.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Its plan, types settled.
    pub(crate) plan: Arc<LogicalPlan>,
    /// How many reads of streams it is when it is written out.
    pub(crate) read_count: usize,
}

impl Relation {
    /// One that no CREATE statement describes: no connector, no event time, no key.
    pub(crate) fn internal(
        name: String,
        kind: RelationType,
        columns: Vec<Column>,
        span: Option<Span>,
    ) -> Self {
        Self {
            name,
            kind,
            columns,
            event_time: None,
            primary_key: Vec::new(),
            primary_key_span: None,
            connector: None,
            engine: EngineOptions::default(),
            view: None,
            span,
        }
    }

    /// The schema of its rows.
    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<_> = self
            .columns
            .iter()
            .map(|column| Arc::clone(&column.field))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// The names of its columns.
    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(Column::name)
    }
}
