//! A text's statements in their order: what they declare, ask and run.

use super::query::PlannedQuery;
use super::request::Request;
use crate::app::{CompileContext, SettingError, Settings};
use crate::catalog::{Catalog, Name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::statement::{Set, Statement, StatementKind};

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
    pub(super) later: Vec<Later>,
}

/// A name that is declared further down.
pub(super) struct Later {
    pub(super) name: String,
    span: Span,
    /// By a CREATE, not by the first INSERT.
    pub(super) is_create: bool,
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
