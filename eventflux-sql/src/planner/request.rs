//! EXPLAIN, DESCRIBE and SHOW.

use crate::app::Answer;
use crate::catalog::{Catalog, ColumnOrigin, Name, Relation, RelationType, type_name_of};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::function::FunctionRegistry;
use crate::planner::program::Program;
use crate::planner::query::{PlannedQuery, QueryTarget};
use crate::statement::{Describe, Explain, ObjectKind, ShowKind, StatementKind};

/// Something that is asked. Answers are given when everything is planned.
pub(crate) enum Request {
    /// `EXPLAIN query`.
    Explain {
        /// The query.
        query: Box<PlannedQuery>,
        /// What was declared there.
        catalog: Catalog,
        /// The statement.
        span: Span,
    },
    /// `DESCRIBE relation`.
    Describe {
        /// The relation as it was declared there.
        relation: Box<Relation>,
        /// The statement.
        span: Span,
    },
    /// `SHOW …`.
    Show {
        /// What.
        kind: ShowKind,
        /// What was declared there.
        catalog: Catalog,
        /// The statement.
        span: Span,
    },
}

impl Program<'_> {
    /// Plans the explained query as if it ran, and takes it back.
    pub(super) fn explain(&mut self, explain: &Explain, span: Span) -> Result<(), Diagnostics> {
        let before = self.catalog.clone();
        let inner = &explain.statement;
        let query = match &inner.kind {
            StatementKind::Query(query) => self.select(query, inner.span),
            StatementKind::Insert(insert) => self.insert(insert, inner.span),
            _ => Err(vec![Diagnostic::error(
                Code::NotSupported,
                inner.span,
                "only queries have a plan to explain",
            )]),
        };
        let catalog = std::mem::replace(&mut self.catalog, before);
        self.requests.push(Request::Explain {
            query: Box::new(query?),
            catalog,
            span,
        });
        Ok(())
    }

    pub(super) fn describe(&mut self, describe: &Describe, span: Span) -> Result<(), Diagnostics> {
        let name = Name::of_object(&describe.name, self.source);
        let Some(id) = self.catalog.find(&name) else {
            let message = format!("there is no stream, table or view `{}`", name.text());
            return Err(vec![
                Diagnostic::error(Code::UnknownRelation, name.span, message)
                    .with_help_opt(self.catalog.suggestion(&name)),
            ]);
        };
        let relation = self.catalog.get(id);
        if let Some(kind) = describe.kind {
            check_kind(relation, kind, name.span)?;
        }
        self.requests.push(Request::Describe {
            relation: Box::new(relation.clone()),
            span,
        });
        Ok(())
    }
}

/// Whether a relation is of the kind that a statement says.
pub(super) fn check_kind(relation: &Relation, said: ObjectKind, span: Span) -> Result<(), Diagnostics> {
    let fits = match said {
        ObjectKind::Stream => {
            matches!(
                relation.kind,
                RelationType::Stream | RelationType::Errors | RelationType::Source | RelationType::Sink
            )
        }
        ObjectKind::Source => relation.kind == RelationType::Source,
        ObjectKind::Sink => relation.kind == RelationType::Sink,
        ObjectKind::Table => relation.kind == RelationType::Table,
        ObjectKind::View => relation.kind == RelationType::View,
    };
    if fits {
        return Ok(());
    }
    let message = format!("`{}` is a {}", relation.name, relation.kind.noun());
    Err(vec![Diagnostic::error(Code::InvalidRelation, span, message)])
}

/// The answer to DESCRIBE.
pub(crate) fn described(relation: &Relation, span: Span) -> Answer {
    let rows = relation.columns.iter().enumerate().map(|(index, column)| {
        let mut notes = Vec::new();
        match &column.origin {
            ColumnOrigin::Physical => {}
            ColumnOrigin::Metadata { key, .. } => notes.push(format!("metadata {key}")),
            ColumnOrigin::Computed(expr) => {
                notes.push(format!("as {}", crate::function::expression_text(expr)))
            }
        }
        if let Some(time) = relation.event_time.filter(|time| time.column == index) {
            let delay = if time.delay_us == 0 {
                String::new()
            } else {
                format!(" - {}s", time.delay_us as f64 / 1e6)
            };
            notes.push(format!("event time, watermark {}{delay}", column.name()));
        }
        if relation.primary_key.contains(&index) {
            notes.push("primary key".to_owned());
        }
        let null = if column.field.is_nullable() { "yes" } else { "no" };
        vec![
            column.name().to_owned(),
            type_name_of(&column.field),
            null.to_owned(),
            notes.join(", "),
        ]
    });
    Answer {
        span,
        columns: ["column", "type", "nullable", "notes"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}

/// The answer to SHOW.
pub(crate) fn shown(
    kind: ShowKind,
    catalog: &Catalog,
    queries: &[PlannedQuery],
    functions: &FunctionRegistry,
    span: Span,
) -> Answer {
    let column = |name: &str| vec![name.to_owned()];
    let named = |wanted: &[RelationType]| {
        let relations = catalog
            .iter()
            .filter(|(_, relation)| wanted.contains(&relation.kind));
        relations
            .map(|(_, relation)| vec![relation.name.clone()])
            .collect::<Vec<_>>()
    };
    let (columns, rows) = match kind {
        ShowKind::Streams => {
            let kinds = [
                RelationType::Stream,
                RelationType::Source,
                RelationType::Sink,
                RelationType::Errors,
            ];
            (column("stream"), named(&kinds))
        }
        ShowKind::Sources => (column("source"), named(&[RelationType::Source])),
        ShowKind::Sinks => (column("sink"), named(&[RelationType::Sink])),
        ShowKind::Tables => (column("table"), named(&[RelationType::Table])),
        ShowKind::Views => (column("view"), named(&[RelationType::View])),
        ShowKind::Queries => {
            let row = |query: &PlannedQuery| vec![query.id.clone(), query_name(query, catalog)];
            (
                vec!["id".to_owned(), "query".to_owned()],
                queries.iter().map(row).collect(),
            )
        }
        ShowKind::Functions => {
            let scalars = functions
                .scalar_names()
                .map(|name| vec![name.to_owned(), "scalar".to_owned()]);
            let aggregates = functions
                .aggregate_names()
                .map(|name| vec![name.to_owned(), "aggregate".to_owned()]);
            (
                vec!["function".to_owned(), "kind".to_owned()],
                scalars.chain(aggregates).collect(),
            )
        }
    };
    Answer { span, columns, rows }
}

/// What a query is, for people.
pub(crate) fn query_name(query: &PlannedQuery, catalog: &Catalog) -> String {
    match &query.target {
        QueryTarget::Insert { relation, .. } => format!("insert into {}", catalog.get(*relation).name),
        QueryTarget::Print { name } => name.clone(),
    }
}
