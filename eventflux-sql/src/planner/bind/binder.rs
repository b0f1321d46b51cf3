//! The walk over one query.

use std::collections::BTreeMap;
use std::fmt::Write;

use arrow::datatypes::DataType;
use sqlparser::ast::{Query, SetExpr, Spanned};

use super::scope::ScopeColumn;
use super::{BoundWindow, refuse};
use crate::catalog::{Catalog, RelationId};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::function::FunctionRegistry;
use crate::statement::{self, Window};

/// A query whose names are all found.
#[derive(Debug, Clone)]
pub(crate) struct BoundQuery {
    /// The query with full names.
    pub(crate) body: Box<Query>,
    /// Its windows, by the index that their table factors bear.
    pub(crate) windows: Vec<BoundWindow>,
    /// The columns of its result.
    pub(crate) columns: Vec<OutputColumn>,
    /// The relations that it reads, and where.
    pub(crate) reads: Vec<(RelationId, Span)>,
    /// How many reads of streams it is when views and WITH queries are written out.
    pub(crate) read_count: usize,
}

impl BoundQuery {
    /// The query as text that does not depend on blanks, comments or its place; queries that differ in what they do differ
    /// here.
    pub(crate) fn text(&self) -> String {
        let mut text = self.body.to_string();
        for window in &self.windows {
            // Writing to a string cannot fail.
            let _ = write!(text, "; {window}");
        }
        text
    }
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(crate) struct OutputColumn {
    /// Its name, unlike those of the other columns.
    pub(crate) name: String,
    /// The name that the text gives it, where that had to be changed to be unique.
    pub(crate) written: Option<String>,
    /// Its type, where it is known without planning.
    pub(crate) data_type: Option<DataType>,
    /// Where its expression is written.
    pub(crate) span: Span,
}

/// Finds the names of one query.
pub(crate) struct Binder<'a> {
    pub(super) source: &'a SourceText,
    pub(super) catalog: &'a Catalog,
    pub(super) functions: &'a FunctionRegistry,
    pub(super) windows_written: &'a [Window],
    pub(super) windows: BTreeMap<usize, BoundWindow>,
    /// The WITH queries in scope, the innermost last.
    pub(super) ctes: Vec<CteColumns>,
    pub(super) reads: Vec<(RelationId, Span)>,
    pub(super) read_count: usize,
    pub(super) diagnostics: Diagnostics,
    /// The aliases of the SELECT that is walked, for a word of help.
    pub(super) select_aliases: Vec<String>,
    subquery_count: usize,
}

/// A WITH query and its columns.
#[derive(Debug, Clone)]
pub(super) struct CteColumns {
    pub(super) name: String,
    pub(super) columns: Vec<ScopeColumn>,
    /// How many reads of streams each reference to it is.
    pub(super) read_count: usize,
}

/// How many reads of streams a query may be when its views and WITH queries are written out.
const READS_MAX: usize = 500;

impl<'a> Binder<'a> {
    /// A binder for one query over what is declared so far.
    pub(crate) fn new(source: &'a SourceText, catalog: &'a Catalog, functions: &'a FunctionRegistry) -> Self {
        Self {
            source,
            catalog,
            functions,
            windows_written: &[],
            windows: BTreeMap::new(),
            ctes: Vec::new(),
            reads: Vec::new(),
            read_count: 0,
            diagnostics: Vec::new(),
            select_aliases: Vec::new(),
            subquery_count: 0,
        }
    }

    /// Finds all names of a query.
    pub(crate) fn bind(mut self, query: &'a statement::Query) -> Result<BoundQuery, Diagnostics> {
        self.windows_written = &query.windows;
        let mut body = query.body.clone();
        let columns = self.query(&mut body);
        if !self.diagnostics.is_empty() {
            return Err(self.diagnostics);
        }
        Ok(BoundQuery {
            body,
            windows: self.windows.into_values().collect(),
            columns,
            reads: self.reads,
            read_count: self.read_count,
        })
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Counts what a reference to a WITH query, a view or a stream is written out to.
    pub(super) fn count_reads(&mut self, count: usize, place: Span) {
        let was_within = self.read_count <= READS_MAX;
        self.read_count = self.read_count.saturating_add(count);
        if was_within && self.read_count > READS_MAX {
            let message =
                format!("written out, the views and WITH queries read streams more than {READS_MAX} times");
            self.report(
                Diagnostic::error(Code::ViewExpansionTooLarge, place, message)
                    .with_help("insert one of the views into a stream, and read that"),
            );
        }
    }

    /// A name for a sub-query that has none, so that every column has a full name.
    pub(super) fn subquery_name(&mut self) -> String {
        self.subquery_count += 1;
        format!("subquery_{}", self.subquery_count)
    }

    /// Finds the names of a query and gives its columns.
    pub(super) fn query(&mut self, query: &mut Query) -> Vec<OutputColumn> {
        let outer_ctes = self.ctes.len();
        self.diagnostics.extend(refuse::query(query, self.source));
        if let Some(with) = &mut query.with {
            for cte in &mut with.cte_tables {
                let outside = std::mem::take(&mut self.read_count);
                let columns = self.query(&mut cte.query);
                let columns = self.aliased(scope_columns(columns), &cte.alias);
                self.ctes.push(CteColumns {
                    name: cte.alias.name.value.clone(),
                    columns,
                    read_count: std::mem::replace(&mut self.read_count, outside),
                });
            }
        }
        let columns = self.set_expr(&mut query.body);
        self.ctes.truncate(outer_ctes);
        columns
    }

    fn set_expr(&mut self, body: &mut SetExpr) -> Vec<OutputColumn> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let place = self.source.span_of(right.span());
                if let Some(refused) = refuse::set_operation(*op, *set_quantifier, place, self.source) {
                    self.report(refused);
                }
                let columns = self.set_expr(left);
                let others = self.set_expr(right);
                if self.diagnostics.is_empty() && columns.len() != others.len() {
                    let message = format!(
                        "both sides of UNION must have as many columns: {} here, {} in the query before",
                        others.len(),
                        columns.len()
                    );
                    self.report(Diagnostic::error(Code::ColumnCount, place, message));
                }
                // The names are the first query's; the types may differ.
                columns
                    .into_iter()
                    .map(|column| OutputColumn {
                        data_type: None,
                        ..column
                    })
                    .collect()
            }
            SetExpr::Values(values) => {
                let mut columns = Vec::new();
                for row in &mut values.rows {
                    for value in &mut row.content {
                        self.constant(value);
                    }
                    if columns.is_empty() {
                        columns = row
                            .content
                            .iter()
                            .map(|value| self.source.span_of(value.span()))
                            .collect();
                    }
                    if row.content.len() != columns.len() {
                        let span = self.source.span_of(row.opening_token.0.span);
                        let message = format!(
                            "all rows must have as many values: {} here, {} in the first",
                            row.content.len(),
                            columns.len()
                        );
                        self.report(Diagnostic::error(Code::ColumnCount, span, message));
                    }
                }
                columns
                    .into_iter()
                    .enumerate()
                    .map(|(index, span)| values_column(index, span))
                    .collect()
            }
            other => {
                let span = self.source.span_of(other.span());
                self.report(refuse::not_yet(span, "this form of a query"));
                Vec::new()
            }
        }
    }
}

fn values_column(index: usize, span: Span) -> OutputColumn {
    OutputColumn {
        name: format!("column{}", index + 1),
        written: None,
        data_type: None,
        span,
    }
}

/// Result columns as columns to be named.
pub(super) fn scope_columns(columns: Vec<OutputColumn>) -> Vec<ScopeColumn> {
    columns
        .into_iter()
        .map(|column| ScopeColumn {
            name: column.name,
            data_type: column.data_type,
            is_hidden: false,
        })
        .collect()
}
