//! Statements that run: the plan of an INSERT or a SELECT, and where its rows go.

use std::sync::Arc;

use datafusion_expr::LogicalPlan;

use super::bind::{Binder, BoundQuery};
use super::expansion::{PARTS_MAX, is_bounded};
use super::insert::{align, check_count, inferred_columns, renamed};
use super::locate::{locate_query, plain};
use super::logical::analyse;
use super::program::Program;
use super::provider::Provider;
use super::scanned::scanned;
use crate::catalog::{Name, Relation, RelationId, RelationType};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::statement::{Emit, EmitMode, EventSelection, Insert, Query};

/// What limits the rate of results today.
const RATE_HELP: &str =
    "leave the clause out to get every change, or aggregate over `TUMBLE(…)` to get one result per window";

/// A query that runs.
#[derive(Debug, Clone)]
pub(crate) struct PlannedQuery {
    /// Where its rows go.
    pub(crate) target: QueryTarget,
    /// Its plan, types settled; for an INSERT, its columns are those of the target that can be inserted.
    pub(crate) plan: LogicalPlan,
    /// Its text, names found.
    pub(crate) bound: Arc<BoundQuery>,
    /// The streams that it reads, those behind views included, and where they (or the views) are named.
    pub(crate) reads: Vec<(RelationId, Span)>,
    /// `EMIT …`.
    pub(crate) emit: Option<Emit>,
    /// The beginning of its operators' ids.
    pub(crate) id: String,
    /// Where it is written.
    pub(crate) span: Span,
}

/// Where a query's rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QueryTarget {
    /// Into a relation.
    Insert {
        /// Which.
        relation: RelationId,
        /// Where its name is written.
        span: Span,
    },
    /// To the printer, under this name.
    Print {
        /// `select`, `select_2`, …
        name: String,
    },
}

impl Program<'_> {
    /// The plan of an INSERT.
    pub(crate) fn insert(&mut self, insert: &Insert, span: Span) -> Result<PlannedQuery, Diagnostics> {
        if insert.events != EventSelection::Current {
            let message = "inserting expired rows is not supported yet";
            return Err(vec![
                Diagnostic::error(Code::NotSupportedYet, span, message)
                    .with_help("today: windows give their results when they close"),
            ]);
        }
        self.refuse_rate(&insert.query)?;
        let (bound, plan) = self.analyse(&insert.query)?;
        let name = Name::of_object(&insert.target, self.source);
        let (relation, plan) = match self.catalog.find(&name) {
            Some(id) => (id, self.align_to_declared(id, insert, &bound, plan)?),
            None => self.create_target(&name, insert, &bound, plan)?,
        };
        let target_name = self.catalog.get(relation).name.clone();
        let earlier = self.queries.iter().filter(|query| {
            matches!(&query.target, QueryTarget::Insert { relation: other, .. } if *other == relation)
        });
        let id = match earlier.count() {
            0 => format!("insert:{target_name}"),
            count => format!("insert:{target_name}#{}", count + 1),
        };
        let target = QueryTarget::Insert {
            relation,
            span: insert.target_span,
        };
        Ok(PlannedQuery {
            target,
            reads: reads(&plan, &bound)?,
            plan,
            bound: Arc::new(bound),
            emit: insert.query.emit,
            id,
            span,
        })
    }

    fn align_to_declared(
        &mut self,
        id: RelationId,
        insert: &Insert,
        bound: &BoundQuery,
        plan: LogicalPlan,
    ) -> Result<LogicalPlan, Diagnostics> {
        let relation = self.catalog.get(id);
        let refused = match relation.kind {
            RelationType::View => Some("a view cannot be inserted into"),
            RelationType::Source => Some("a source cannot be inserted into"),
            RelationType::Errors => Some("bad rows are written by the engine only"),
            _ => None,
        };
        if let Some(message) = refused {
            return Err(vec![Diagnostic::error(
                Code::InvalidRelation,
                insert.target_span,
                message,
            )]);
        }
        if relation.columns.is_empty() {
            // A sink that takes the columns of what is inserted first.
            if !insert.columns.is_empty() {
                let message = format!("`{}` has no columns to be named", relation.name);
                return Err(vec![Diagnostic::error(
                    Code::UnknownColumn,
                    insert.target_span,
                    message,
                )]);
            }
            let columns = inferred_columns(&plan, bound)?;
            let plan = renamed(plan, &columns, insert.query.span)?;
            self.catalog.get_mut(id).columns = columns;
            return Ok(plan);
        }
        align(plan, bound, relation, insert, self.source)
    }

    fn create_target(
        &mut self,
        name: &Name,
        insert: &Insert,
        bound: &BoundQuery,
        plan: LogicalPlan,
    ) -> Result<(RelationId, LogicalPlan), Diagnostics> {
        let mut columns = inferred_columns(&plan, bound)?;
        if !insert.columns.is_empty() {
            check_count(columns.len(), insert.columns.len(), insert.query.span)?;
            for (column, ident) in columns.iter_mut().zip(&insert.columns) {
                column.field = column.field.as_ref().clone().with_name(&ident.value).into();
            }
        }
        let plan = renamed(plan, &columns, insert.query.span)?;
        let relation = self.catalog.add(Relation::internal(
            name.text(),
            RelationType::Stream,
            columns,
            Some(insert.target_span),
        ));
        Ok((relation, plan))
    }

    /// The plan of a bare SELECT.
    pub(crate) fn select(&mut self, query: &Query, span: Span) -> Result<PlannedQuery, Diagnostics> {
        self.refuse_rate(query)?;
        let (bound, plan) = self.analyse(query)?;
        let columns = inferred_columns(&plan, &bound)?;
        let plan = renamed(plan, &columns, query.span)?;
        let earlier = self
            .queries
            .iter()
            .filter(|query| matches!(query.target, QueryTarget::Print { .. }))
            .count();
        let name = if earlier == 0 {
            "select".to_owned()
        } else {
            format!("select_{}", earlier + 1)
        };
        // The text itself names the query: other statements may come and go.
        let id = format!("select:{:016x}", crate::text_hash(&bound.text()));
        Ok(PlannedQuery {
            target: QueryTarget::Print { name },
            reads: reads(&plan, &bound)?,
            plan,
            bound: Arc::new(bound),
            emit: query.emit,
            id,
            span,
        })
    }

    pub(super) fn analyse(&self, query: &Query) -> Result<(BoundQuery, LogicalPlan), Diagnostics> {
        let functions = &self.context.functions;
        let bound = Binder::new(self.source, &self.catalog, functions).bind(query)?;
        let provider = Provider::new(&self.catalog, functions, bound.windows.clone());
        match analyse(&bound, &provider) {
            Ok(plan) if is_bounded(&plan) => Ok((bound, plan)),
            Ok(_) => {
                let message = format!(
                    "a condition, with the sub-queries that it is about written out, has more than {PARTS_MAX} parts"
                );
                Err(vec![
                    Diagnostic::error(Code::NestedTooDeep, query.span, message)
                        .with_help("insert one of the sub-queries into a stream, and read that"),
                ])
            }
            Err(error) => Err(vec![locate_query(
                &bound,
                &provider,
                self.source,
                query.span,
                &error,
            )]),
        }
    }

    pub(super) fn refuse_rate(&self, query: &Query) -> Result<(), Diagnostics> {
        let mut refused = Vec::new();
        if let Some(output) = &query.output {
            let message = "OUTPUT … EVERY is not supported yet";
            refused.push(Diagnostic::error(Code::NotSupportedYet, output.span, message).with_help(RATE_HELP));
        }
        if let Some(Emit {
            mode: EmitMode::Every(_),
            span,
        }) = &query.emit
        {
            let message = "EMIT EVERY is not supported yet";
            refused.push(Diagnostic::error(Code::NotSupportedYet, *span, message).with_help(RATE_HELP));
        }
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }

    /// EMIT and OUTPUT belong to what is inserted or printed.
    pub(super) fn refuse_emission(&self, query: &Query, what: &str) -> Result<(), Diagnostics> {
        let spans = query
            .emit
            .iter()
            .map(|emit| emit.span)
            .chain(query.output.iter().map(|output| output.span));
        let refused: Vec<_> = spans
            .map(|span| {
                Diagnostic::error(
                    Code::InvalidEmit,
                    span,
                    format!("{what} gives no results of its own"),
                )
                .with_help("write the clause behind the INSERT or SELECT that reads it")
            })
            .collect();
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }
}

/// The streams that a plan reads, and where the text names them or the view that they are behind.
fn reads(plan: &LogicalPlan, bound: &BoundQuery) -> Result<Vec<(RelationId, Span)>, Diagnostics> {
    let scanned = scanned(plan).map_err(|error| vec![plain(Span::default(), &error)])?;
    let place = |id: RelationId| {
        let own = bound.reads.iter().find(|(read, _)| *read == id);
        own.or(bound.reads.first())
            .map_or(Span::default(), |(_, span)| *span)
    };
    Ok(scanned.into_iter().map(|id| (id, place(id))).collect())
}
