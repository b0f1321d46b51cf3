//! A text's statements in their order: what they declare, ask and run.

use std::sync::Arc;

use datafusion_expr::LogicalPlan;

use super::bind::{Binder, BoundQuery};
use super::computed::plan_computed;
use super::expansion::{PARTS_MAX, is_bounded};
use super::insert::{align, inferred_columns, renamed};
use super::locate::{locate_query, plain};
use super::logical::analyse;
use super::provider::Provider;
use super::request::Request;
use super::scanned::scanned;
use crate::app::{CompileContext, SettingError, Settings};
use crate::catalog::{
    Catalog, Column, ColumnOrigin, EngineOptions, Name, Relation, RelationId, RelationType, View, declare,
    error_columns,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::statement::{
    CreateRelation, CreateView, DropObject, Emit, EmitMode, EventSelection, Insert, Query, Set, Statement,
    StatementKind,
};

/// What limits the rate of results today.
const RATE_HELP: &str =
    "leave the clause out to get every change, or aggregate over `TUMBLE(…)` to get one result per window";

/// The statements' result before anything is made of it.
pub(crate) struct Program<'a> {
    pub(crate) source: &'a SourceText,
    pub(crate) context: &'a CompileContext,
    /// What is declared.
    pub(crate) catalog: Catalog,
    /// What runs.
    pub(crate) queries: Vec<PlannedQuery>,
    /// What is asked.
    pub(crate) requests: Vec<Request>,
    /// What SET says.
    pub(crate) settings: Settings,
    pub(crate) diagnostics: Diagnostics,
    /// Names whose declaration is wrong: what follows from that is not reported.
    broken: Vec<String>,
    /// Names that are declared further down.
    later: Vec<Later>,
}

/// A name that is declared further down.
struct Later {
    name: String,
    span: Span,
    /// By a CREATE, not by the first INSERT.
    is_create: bool,
}

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

impl<'a> Program<'a> {
    /// Takes the statements in their order.
    pub(crate) fn new(source: &'a SourceText, context: &'a CompileContext, statements: &[Statement]) -> Self {
        let mut program = Self {
            source,
            context,
            catalog: Catalog::default(),
            queries: Vec::new(),
            requests: Vec::new(),
            settings: Settings::default(),
            diagnostics: Vec::new(),
            broken: Vec::new(),
            later: Vec::new(),
        };
        for (position, statement) in statements.iter().enumerate() {
            program.later = statements[position + 1..]
                .iter()
                .filter_map(|later| declared_name(later, source))
                .collect();
            if let Err(diagnostics) = program.statement(statement) {
                program
                    .broken
                    .extend(declared_name(statement, source).map(|later| later.name));
                let diagnostics = diagnostics
                    .into_iter()
                    .filter_map(|diagnostic| program.known(diagnostic));
                let diagnostics: Vec<_> = diagnostics.collect();
                program.diagnostics.extend(diagnostics);
            }
        }
        program
    }

    /// Leaves out what follows from a mistake reported before, and says what is declared too late.
    fn known(&self, diagnostic: Diagnostic) -> Option<Diagnostic> {
        if diagnostic.code != Code::UnknownRelation {
            return Some(diagnostic);
        }
        let written = self.source.slice(diagnostic.span).replace('"', "");
        let is_same = |name: &str| name.eq_ignore_ascii_case(&written);
        if self.broken.iter().any(|name| is_same(name)) {
            return None;
        }
        match self.later.iter().find(|later| is_same(&later.name)) {
            Some(Later { name, span, .. }) => {
                let message = format!("`{name}` is used before it is declared");
                Some(
                    Diagnostic::error(Code::UnknownRelation, diagnostic.span, message)
                        .with_label(*span, "it is declared here")
                        .with_help("move this statement behind the declaration"),
                )
            }
            None => Some(diagnostic),
        }
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Diagnostics> {
        match &statement.kind {
            StatementKind::CreateRelation(create) => self.create_relation(create),
            StatementKind::CreateView(create) => self.create_view(create),
            StatementKind::Insert(insert) => {
                let query = self.insert(insert, statement.span)?;
                self.queries.push(query);
                Ok(())
            }
            StatementKind::Query(query) => {
                let query = self.select(query, statement.span)?;
                self.queries.push(query);
                Ok(())
            }
            StatementKind::Set(set) => self.set(set).map_err(|diagnostic| vec![diagnostic]),
            StatementKind::Drop(drop) => self.drop(drop),
            StatementKind::Explain(explain) => self.explain(explain, statement.span),
            StatementKind::Describe(describe) => self.describe(describe, statement.span),
            StatementKind::Show(show) => {
                self.requests.push(Request::Show {
                    kind: show.kind,
                    span: statement.span,
                    catalog: self.catalog.clone(),
                });
                Ok(())
            }
        }
    }

    fn create_relation(&mut self, create: &CreateRelation) -> Result<(), Diagnostics> {
        let name = Name::of_object(&create.name, self.source).text();
        let Some(replaced) = self.check_new(
            &name,
            create.name_span,
            create.is_or_replace,
            create.is_if_not_exists,
        )?
        else {
            return Ok(());
        };
        let (source, functions) = (self.source, &self.context.functions);
        let mut computed =
            |expr: &sqlparser::ast::Expr, columns: &[Column]| plan_computed(expr, columns, source, functions);
        let relation = declare(create, source, &self.context.registry, &mut computed)?;
        if let Some(replaced) = replaced {
            self.catalog.drop(replaced);
        }
        let id = self.catalog.add(relation);
        self.create_side_streams(id);
        Ok(())
    }

    /// Streams that the options send rows to and that no statement creates.
    fn create_side_streams(&mut self, id: RelationId) {
        let relation = self.catalog.get(id).clone();
        let late = relation.engine.late.map(|name| (name, relation.columns.clone()));
        let dead_letter = relation.engine.dead_letter.map(|name| (name, error_columns()));
        for (name, columns) in late.into_iter().chain(dead_letter) {
            let is_declared_later = self
                .later
                .iter()
                .any(|later| later.is_create && name.matches(&later.name));
            if self.catalog.find(&name).is_some() || is_declared_later {
                continue;
            }
            let plain = |column: Column| Column {
                origin: ColumnOrigin::Physical,
                ..column
            };
            let columns = columns.into_iter().map(plain).collect();
            self.catalog.add(new_stream(name.text(), columns, name.span));
        }
    }

    fn create_view(&mut self, create: &CreateView) -> Result<(), Diagnostics> {
        let name = Name::of_object(&create.name, self.source).text();
        let Some(replaced) = self.check_new(
            &name,
            create.name_span,
            create.is_or_replace,
            create.is_if_not_exists,
        )?
        else {
            return Ok(());
        };
        self.refuse_emission(&create.query, "a view")?;
        let (mut bound, plan) = self.analyse(&create.query)?;
        if !create.columns.is_empty() {
            if create.columns.len() != bound.columns.len() {
                let message = format!(
                    "the query must give as many columns as are named: {1} given, {0} named",
                    create.columns.len(),
                    bound.columns.len()
                );
                return Err(vec![Diagnostic::error(
                    Code::ColumnCount,
                    create.name_span,
                    message,
                )]);
            }
            for (column, name) in bound.columns.iter_mut().zip(&create.columns) {
                column.name.clone_from(&name.value);
                column.written = None;
            }
        }
        let columns = inferred_columns(&plan, &bound)?;
        let plan = renamed(plan, &columns, create.query.span)?;
        if let Some(replaced) = replaced {
            self.catalog.drop(replaced);
        }
        let view = new_stream(name, columns, create.name_span);
        self.catalog.add(Relation {
            kind: RelationType::View,
            view: Some(View {
                plan: plan.into(),
                read_count: bound.read_count,
            }),
            ..view
        });
        Ok(())
    }

    /// Whether a name can be declared, and what it replaces; `None`: it is there, and that is fine.
    #[expect(
        clippy::option_option,
        reason = "nothing to do, or something that may replace something"
    )]
    fn check_new(
        &self,
        name: &str,
        span: Span,
        is_or_replace: bool,
        is_if_not_exists: bool,
    ) -> Result<Option<Option<RelationId>>, Diagnostics> {
        let Some(known) = self.catalog.find_same(name) else {
            return Ok(Some(None));
        };
        if is_if_not_exists {
            return Ok(None);
        }
        let relation = self.catalog.get(known);
        if is_or_replace && relation.span.is_some() && !self.is_used(known) {
            return Ok(Some(Some(known)));
        }
        let message = match is_or_replace {
            true => format!("`{}` is used already and cannot be replaced", relation.name),
            false => format!("there is a {} `{}` already", relation.kind.noun(), relation.name),
        };
        let diagnostic = Diagnostic::error(Code::DuplicateRelation, span, message);
        Err(vec![match relation.span {
            Some(first) => diagnostic.with_label(first, "it is declared here"),
            None => diagnostic.with_help("choose another name"),
        }])
    }

    fn is_used(&self, id: RelationId) -> bool {
        let in_query = |query: &PlannedQuery| {
            query
                .bound
                .reads
                .iter()
                .chain(&query.reads)
                .any(|(read, _)| *read == id)
                || matches!(&query.target, QueryTarget::Insert { relation, .. } if *relation == id)
        };
        self.queries.iter().any(in_query)
    }

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
            if insert.columns.len() != columns.len() {
                let message = format!(
                    "the query must give as many columns as are named: {1} given, {0} named",
                    insert.columns.len(),
                    columns.len()
                );
                return Err(vec![Diagnostic::error(
                    Code::ColumnCount,
                    insert.query.span,
                    message,
                )]);
            }
            for (column, ident) in columns.iter_mut().zip(&insert.columns) {
                column.field = column.field.as_ref().clone().with_name(&ident.value).into();
            }
        }
        let plan = renamed(plan, &columns, insert.query.span)?;
        let relation = self
            .catalog
            .add(new_stream(name.text(), columns, insert.target_span));
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

    fn analyse(&self, query: &Query) -> Result<(BoundQuery, LogicalPlan), Diagnostics> {
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

    fn refuse_rate(&self, query: &Query) -> Result<(), Diagnostics> {
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
    fn refuse_emission(&self, query: &Query, what: &str) -> Result<(), Diagnostics> {
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

    fn set(&mut self, set: &Set) -> Result<(), Diagnostic> {
        let Some(value) = set.value.as_literal() else {
            let message = "a setting has to be written out, since the plan depends on it";
            return Err(Diagnostic::error(Code::InvalidSetting, set.value.span, message));
        };
        self.settings
            .set(&set.key.to_lowercase(), &value)
            .map_err(|error| {
                let message = error.to_string();
                match error {
                    SettingError::Unknown { help, .. } => {
                        Diagnostic::error(Code::UnknownSetting, set.key_span, message).with_help(help)
                    }
                    SettingError::NotYet { .. } => {
                        Diagnostic::error(Code::NotSupportedYet, set.key_span, message)
                    }
                    SettingError::Invalid { .. } => {
                        Diagnostic::error(Code::InvalidSetting, set.value.span, message)
                    }
                }
            })
    }

    fn drop(&mut self, drop: &DropObject) -> Result<(), Diagnostics> {
        let name = Name::of_object(&drop.name, self.source);
        let Some(id) = self.catalog.find(&name) else {
            if drop.is_if_exists {
                return Ok(());
            }
            let message = format!("there is no stream or view `{}`", name.text());
            return Err(vec![
                Diagnostic::error(Code::UnknownRelation, name.span, message)
                    .with_help_opt(self.catalog.suggestion(&name)),
            ]);
        };
        let relation = self.catalog.get(id);
        if relation.kind == RelationType::Errors || self.is_used(id) {
            let message = format!("`{}` is used and cannot be dropped", relation.name);
            return Err(vec![Diagnostic::error(Code::InvalidRelation, name.span, message)]);
        }
        super::request::check_kind(relation, drop.kind, name.span)?;
        self.catalog.drop(id);
        Ok(())
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

/// The name that a statement declares.
fn declared_name(statement: &Statement, source: &SourceText) -> Option<Later> {
    let (name, span, is_create) = match &statement.kind {
        StatementKind::CreateRelation(create) => (&create.name, create.name_span, true),
        StatementKind::CreateView(create) => (&create.name, create.name_span, true),
        StatementKind::Insert(insert) => (&insert.target, insert.target_span, false),
        _ => return None,
    };
    Some(Later {
        name: Name::of_object(name, source).text(),
        span,
        is_create,
    })
}

/// An internal stream that no statement declares.
fn new_stream(name: String, columns: Vec<Column>, span: Span) -> Relation {
    Relation {
        name,
        kind: RelationType::Stream,
        columns,
        event_time: None,
        primary_key: Vec::new(),
        primary_key_span: None,
        connector: None,
        engine: EngineOptions::default(),
        view: None,
        span: Some(span),
    }
}
