//! FROM: relations, sub-queries and windows.

use std::fmt;

use sqlparser::ast::{Expr, ObjectName, ObjectNamePart, TableAlias, TableFactor};
use sqlparser::tokenizer::Span as TokenSpan;

use super::binder::scope_columns;
use super::column::{ident, name_of};
use super::expression::Clause;
use super::scope::{Scope, ScopeColumn, ScopeRelation, ScopeWindow};
use super::{Binder, refuse};
use crate::catalog::{Column, Name, Relation, RelationId, RelationType, timestamp};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::planner::window_node::{WINDOW_END, WINDOW_START, WINDOW_TIME};
use crate::statement::{Window, WindowForm, WindowKind};

/// A window whose names are all found.
#[derive(Debug, Clone)]
pub(crate) struct BoundWindow {
    /// The index that its table factor bears.
    pub(crate) index: usize,
    /// Which window.
    pub(crate) kind: WindowKind,
    /// How it is written.
    pub(crate) form: WindowForm,
    /// How far it is shifted from the epoch, microseconds.
    pub(crate) offset_us: i64,
    /// What is cut into windows.
    pub(crate) input: TableFactor,
    /// The time column, if the text names one.
    pub(crate) time: Option<Expr>,
    /// The keys of sessions.
    pub(crate) partition_by: Vec<Expr>,
    /// The qualifier of its columns, if no alias renames it.
    pub(crate) qualifier: Vec<String>,
    /// The time column's place.
    pub(crate) time_span: Span,
    /// The whole window.
    pub(crate) span: Span,
}

impl fmt::Display for BoundWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "window {} over {}: ", self.index, self.input)?;
        match self.kind {
            WindowKind::Tumble { size } => write!(f, "tumble {}", size.us),
            WindowKind::Hop { slide, size } => write!(f, "hop {} {}", slide.us, size.us),
            WindowKind::Cumulate { step, size } => write!(f, "cumulate {} {}", step.us, size.us),
            WindowKind::Session { gap } => write!(f, "session {}", gap.us),
        }?;
        write!(f, " offset {}", self.offset_us)?;
        // Where its condition stands makes a difference to a session.
        let filters_before = self.form != WindowForm::Function;
        if filters_before && matches!(self.kind, WindowKind::Session { .. }) {
            f.write_str(" filtered before")?;
        }
        self.partition_by
            .iter()
            .try_for_each(|key| write!(f, " by {key}"))
    }
}

impl Binder<'_> {
    /// Finds the names in a relation of FROM; `None` if there is none, which is reported.
    pub(super) fn factor(&mut self, factor: &mut TableFactor) -> Option<ScopeRelation> {
        if let Some(index) = Window::index_of(factor) {
            return self.window(index, factor);
        }
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let span =
                    TokenSpan::union_iter(name.0.iter().filter_map(|part| Some(part.as_ident()?.span)));
                let written = Name::of_object(name, self.source);
                let (qualifier, columns) = self.relation(&written)?;
                let parts = qualifier
                    .iter()
                    .map(|part| ObjectNamePart::Identifier(ident(part, span)));
                *name = ObjectName(parts.collect());
                Some(self.named(qualifier, columns, alias.as_ref()))
            }
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                ..
            } => {
                let columns = scope_columns(self.query(subquery));
                let is_unnamed = alias.is_none();
                let alias = alias.get_or_insert_with(|| {
                    let name = ident(&self.subquery_name(), TokenSpan::empty());
                    TableAlias {
                        explicit: true,
                        name,
                        columns: Vec::new(),
                        at: None,
                    }
                });
                let alias = alias.clone();
                let relation = self.named(Vec::new(), columns, Some(&alias));
                Some(ScopeRelation {
                    is_unnamed,
                    ..relation
                })
            }
            TableFactor::Table { name, .. } => {
                let written = Name::of_object(name, self.source);
                let message = format!("there is no table function `{}`", written.text());
                self.report(
                    Diagnostic::error(Code::UnknownWindow, written.span, message)
                        .with_help("the table functions are TUMBLE, HOP, CUMULATE and SESSION"),
                );
                None
            }
            other => {
                self.report(refuse::factor(other, self.source));
                None
            }
        }
    }

    /// The relation under the alias.
    fn named(
        &mut self,
        qualifier: Vec<String>,
        columns: Vec<ScopeColumn>,
        alias: Option<&TableAlias>,
    ) -> ScopeRelation {
        match alias {
            None => ScopeRelation {
                qualifier,
                columns,
                is_unnamed: false,
                window: None,
            },
            Some(alias) => {
                let columns = self.aliased(columns, alias);
                ScopeRelation {
                    qualifier: vec![alias.name.value.clone()],
                    columns,
                    is_unnamed: false,
                    window: None,
                }
            }
        }
    }

    /// The columns under the names of `AS name (columns)`.
    pub(super) fn aliased(&mut self, columns: Vec<ScopeColumn>, alias: &TableAlias) -> Vec<ScopeColumn> {
        if alias.columns.is_empty() {
            return columns;
        }
        let visible = columns.iter().filter(|column| !column.is_hidden).count();
        if visible != alias.columns.len() {
            let message = format!(
                "`{}` must name as many columns as there are: {} named, {visible} there",
                alias.name.value,
                alias.columns.len()
            );
            self.report(Diagnostic::error(
                Code::ColumnCount,
                self.source.span_of(alias.name.span),
                message,
            ));
            return columns;
        }
        let names = alias.columns.iter().map(|column| column.name.value.clone());
        columns
            .into_iter()
            .zip(names)
            .map(|(column, name)| ScopeColumn { name, ..column })
            .collect()
    }

    /// The qualifier and columns of what a name names: a WITH query, or a relation of the catalog.
    fn relation(&mut self, name: &Name) -> Option<(Vec<String>, Vec<ScopeColumn>)> {
        let cte = self
            .ctes
            .iter()
            .rev()
            .find(|cte| name.matches(&cte.name))
            .filter(|_| name.parts.len() == 1);
        if let Some(cte) = cte {
            let (found, count) = ((vec![cte.name.clone()], cte.columns.clone()), cte.read_count);
            self.count_reads(count, name.span);
            return Some(found);
        }
        match self.catalog.find(name) {
            Some(id) => self.readable(id, name),
            None => {
                let message = format!("there is no stream or view `{}`", name.text());
                let ctes = self.ctes.iter().map(|cte| cte.name.as_str());
                let help = self
                    .catalog
                    .suggestion(name)
                    .or_else(|| crate::diagnostic::did_you_mean(&name.text(), ctes));
                self.report(Diagnostic::error(Code::UnknownRelation, name.span, message).with_help_opt(help));
                None
            }
        }
    }

    fn readable(&mut self, id: RelationId, name: &Name) -> Option<(Vec<String>, Vec<ScopeColumn>)> {
        let relation = self.catalog.get(id);
        let refused = match relation.kind {
            RelationType::Table => Some(
                refuse::not_yet(name.span, "reading a table")
                    .with_help("declare it with CREATE STREAM to read its rows as they come"),
            ),
            RelationType::Sink => Some(
                Diagnostic::error(
                    Code::InvalidRelation,
                    name.span,
                    format!("`{}` is a sink and cannot be read", relation.name),
                )
                .with_help("declare it with CREATE STREAM to read what is inserted"),
            ),
            _ => None,
        };
        if let Some(refused) = refused {
            self.report(refused);
            return None;
        }
        self.reads.push((id, name.span));
        let read_count = relation.view.as_ref().map_or(1, |view| view.read_count);
        self.count_reads(read_count, name.span);
        Some((
            relation.name.split('.').map(str::to_owned).collect(),
            catalog_columns(relation),
        ))
    }

    fn window(&mut self, index: usize, factor: &mut TableFactor) -> Option<ScopeRelation> {
        let window = self.windows_written.get(index)?;
        let mut input = window.input.clone();
        let mut relation = self.factor(&mut input)?;
        let scope = Scope {
            relations: vec![relation.clone()],
        };
        let time = window.time_column.as_ref().and_then(|idents| {
            let name = Name::of_idents(idents, self.source);
            let span = TokenSpan::union_iter(idents.iter().map(|ident| ident.span));
            scope
                .resolve(&name)
                .map(|found| name_of(&found.parts, span))
                .map_err(|error| self.report(error))
                .ok()
        });
        let mut partition_by = window.partition_by.clone();
        for key in &mut partition_by {
            self.expression(key, &scope, Clause::PartitionBy, &[]);
        }
        let bound = BoundWindow {
            index,
            kind: window.kind,
            form: window.form,
            offset_us: window.offset.map_or(0, |offset| offset.us),
            input,
            time,
            partition_by,
            qualifier: relation.qualifier.clone(),
            time_span: window.time_span,
            span: window.span,
        };
        self.windows.insert(index, bound);
        for (name, is_hidden) in [(WINDOW_START, false), (WINDOW_END, false), (WINDOW_TIME, true)] {
            if let Some(taken) = relation
                .columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
            {
                let message = format!(
                    "the window's column `{name}` is already one of {}",
                    relation.shown()
                );
                let help = format!("give `{}` another name in a sub-query", taken.name);
                // A cascade may have the bounds of its inner window; only the outer ones can be named then.
                self.report(
                    Diagnostic::error(Code::InvalidWindow, window.input_span, message).with_help(help),
                );
                return None;
            }
            relation.columns.push(ScopeColumn {
                name: name.to_owned(),
                data_type: Some(timestamp()),
                is_hidden,
            });
        }
        let TableFactor::Table { alias, .. } = factor else {
            return None;
        };
        let scope_window = ScopeWindow {
            form: window.form,
            kind: window.kind,
        };
        if let Some(alias) = alias.as_ref().filter(|alias| !alias.columns.is_empty()) {
            let span = self.source.span_of(alias.name.span);
            let refused = refuse::not_yet(span, "naming the columns of a window in its alias");
            self.report(refused.with_help("name them in SELECT: `window_start AS begin`"));
        }
        let is_unnamed = relation.is_unnamed && alias.is_none();
        let named = self.named(relation.qualifier, relation.columns, alias.as_ref());
        Some(ScopeRelation {
            is_unnamed,
            window: Some(scope_window),
            ..named
        })
    }
}

/// The columns of a relation of the catalog.
fn catalog_columns(relation: &Relation) -> Vec<ScopeColumn> {
    let column = |column: &Column| ScopeColumn {
        name: column.name().to_owned(),
        data_type: Some(column.field.data_type().clone()),
        is_hidden: false,
    };
    relation.columns.iter().map(column).collect()
}
