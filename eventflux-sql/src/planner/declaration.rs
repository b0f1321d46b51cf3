//! Statements that declare: what they add to the catalog, and what they replace.

use sqlparser::ast::ObjectName;

use super::computed::plan_computed;
use super::insert::{check_count, inferred_columns, renamed};
use super::program::Program;
use super::query::{PlannedQuery, QueryTarget};
use crate::catalog::{
    Column, ColumnOrigin, Name, Relation, RelationId, RelationType, View, declare, error_columns,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::statement::{CreateRelation, CreateView, DropObject};

/// A name that can be declared.
struct NewName {
    name: String,
    /// What bears it so far, and gives way.
    replaced: Option<RelationId>,
}

impl Program<'_> {
    pub(super) fn create_relation(&mut self, create: &CreateRelation) -> Result<(), Diagnostics> {
        let (is_or_replace, is_if_not_exists) = (create.is_or_replace, create.is_if_not_exists);
        let new = self.check_new(&create.name, create.name_span, is_or_replace, is_if_not_exists)?;
        let Some(NewName { replaced, .. }) = new else {
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
            let stream = Relation::internal(name.text(), RelationType::Stream, columns, Some(name.span));
            self.catalog.add(stream);
        }
    }

    pub(super) fn create_view(&mut self, create: &CreateView) -> Result<(), Diagnostics> {
        let (is_or_replace, is_if_not_exists) = (create.is_or_replace, create.is_if_not_exists);
        let new = self.check_new(&create.name, create.name_span, is_or_replace, is_if_not_exists)?;
        let Some(NewName { name, replaced }) = new else {
            return Ok(());
        };
        self.refuse_emission(&create.query, "a view")?;
        let (mut bound, plan) = self.analyse(&create.query)?;
        if !create.columns.is_empty() {
            check_count(bound.columns.len(), create.columns.len(), create.name_span)?;
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
        self.catalog.add(Relation {
            view: Some(View {
                plan: plan.into(),
                read_count: bound.read_count,
            }),
            ..Relation::internal(name, RelationType::View, columns, Some(create.name_span))
        });
        Ok(())
    }

    /// Whether a name can be declared, and what it replaces; `None`: it is there, and that is fine.
    fn check_new(
        &self,
        name: &ObjectName,
        span: Span,
        is_or_replace: bool,
        is_if_not_exists: bool,
    ) -> Result<Option<NewName>, Diagnostics> {
        let name = Name::of_object(name, self.source).text();
        let Some(known) = self.catalog.find_same(&name) else {
            return Ok(Some(NewName { name, replaced: None }));
        };
        if is_if_not_exists {
            return Ok(None);
        }
        let relation = self.catalog.get(known);
        if is_or_replace && relation.span.is_some() && !self.is_used(known) {
            let replaced = Some(known);
            return Ok(Some(NewName { name, replaced }));
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

    pub(super) fn drop(&mut self, drop: &DropObject) -> Result<(), Diagnostics> {
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
