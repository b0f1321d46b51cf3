//! What an app does with its relations: who reads and writes them, and which way rows go through their connectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eventflux_core::connector::{Options, Registry, SinkRequest, SourceRequest};
use eventflux_core::plan::SourceColumn;

use super::late::check_late_target;
use super::sink::{sink_key, sink_schema};
use crate::app::CompileContext;
use crate::catalog::{
    Catalog, ColumnOrigin, Name, Relation, RelationId, RelationType, Role, Usage, error_columns, role,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::planner::query::{PlannedQuery, QueryTarget};

/// The uses of all relations.
#[derive(Debug, Default)]
pub(super) struct RelationUses {
    usage: BTreeMap<RelationId, Usage>,
    inserted: BTreeSet<RelationId>,
    dead_letter_targets: BTreeSet<RelationId>,
    late_targets: BTreeSet<RelationId>,
    pub(super) roles: BTreeMap<RelationId, Role>,
}

impl RelationUses {
    pub(super) fn of(
        catalog: &Catalog,
        queries: &[PlannedQuery],
        context: &CompileContext,
    ) -> Result<Self, Diagnostics> {
        let mut uses = Self::default();
        let mut diagnostics = Vec::new();
        for query in queries {
            for (id, span) in &query.reads {
                uses.usage.entry(*id).or_default().read.get_or_insert(*span);
            }
            if let QueryTarget::Insert { relation, span } = &query.target {
                uses.usage
                    .entry(*relation)
                    .or_default()
                    .written
                    .get_or_insert(*span);
                uses.inserted.insert(*relation);
            }
        }
        uses.add_targets(catalog, &mut diagnostics);
        for (id, relation) in catalog.iter() {
            if let Err(diagnostic) = uses.add_role(id, relation, &context.registry) {
                diagnostics.push(diagnostic);
            }
            diagnostics.extend(uses.check(id, relation, &context.registry));
        }
        if diagnostics.is_empty() {
            Ok(uses)
        } else {
            Err(diagnostics)
        }
    }

    /// Streams that options send rows to are written, too.
    fn add_targets(&mut self, catalog: &Catalog, diagnostics: &mut Diagnostics) {
        for (_, relation) in catalog.iter() {
            for (name, is_late) in targets(relation) {
                let Some(target) = catalog.find(name) else {
                    continue;
                };
                let refused = match is_late {
                    true => check_late_target(relation, catalog.get(target)),
                    false => check_dead_letter_target(name, catalog.get(target)),
                };
                diagnostics.extend(refused.or_else(|| check_writable(name, catalog.get(target))));
                if is_late {
                    self.late_targets.insert(target);
                } else if catalog.get(target).kind != RelationType::Errors {
                    self.dead_letter_targets.insert(target);
                }
                if catalog.get(target).kind != RelationType::Errors {
                    self.usage
                        .entry(target)
                        .or_default()
                        .written
                        .get_or_insert(name.span);
                }
            }
        }
    }

    fn add_role(
        &mut self,
        id: RelationId,
        relation: &Relation,
        registry: &Registry,
    ) -> Result<(), Diagnostic> {
        let Some(connector) = &relation.connector else {
            return Ok(());
        };
        let declared = match relation.kind {
            RelationType::Source => Some(Role::Source),
            RelationType::Sink | RelationType::Table => Some(Role::Sink),
            _ => None,
        };
        let usage = self.usage.get(&id).copied().unwrap_or_default();
        if let Some(role) = role(connector, declared, usage, registry)? {
            self.roles.insert(id, role);
        }
        Ok(())
    }

    /// Whether the relation can be what it is used as, and whether its connector takes its options: also where nothing uses
    /// the relation, and where connectors are left out.
    fn check(&self, id: RelationId, relation: &Relation, registry: &Registry) -> Option<Diagnostic> {
        let connector = relation.connector.as_ref()?;
        let usage = self.usage.get(&id).copied().unwrap_or_default();
        match self.role(id) {
            Some(Role::Source) => {
                if let Some(written) = usage.written {
                    let message = format!("`{}` is a source and cannot be written to", relation.name);
                    return Some(Diagnostic::error(Code::InvalidConnector, written, message));
                }
                source_complaint(relation, registry)
            }
            Some(Role::Sink) => {
                if let (Some(read), None) = (usage.read, usage.written) {
                    let message = format!(
                        "`{}` cannot be read: its connector `{}` only writes",
                        relation.name, connector.name
                    );
                    return Some(Diagnostic::error(Code::InvalidConnector, read, message));
                }
                let metadata = relation
                    .columns
                    .iter()
                    .find(|column| matches!(column.origin, ColumnOrigin::Metadata { .. }));
                if let Some(column) = metadata {
                    let span = column.span.or(relation.span).unwrap_or_default();
                    let message = "a sink has no metadata columns yet";
                    return Some(Diagnostic::error(Code::NotSupportedYet, span, message));
                }
                if let Some(span) = relation.engine.span.filter(|_| usage.read.is_none()) {
                    let message = "this option is about rows that are read, and the stream is a sink";
                    return Some(Diagnostic::error(Code::InvalidOption, span, message));
                }
                sink_complaint(relation, registry)
            }
            // Nothing says which it is: it has to be right as one of them.
            None => {
                let as_source = source_complaint(relation, registry)?;
                let as_sink = sink_complaint(relation, registry)?;
                let is_known = |complaint: &Diagnostic| complaint.code != Code::UnknownOption;
                Some(if is_known(&as_sink) && !is_known(&as_source) {
                    as_sink
                } else {
                    as_source
                })
            }
        }
    }

    /// Which way rows go through the relation's connector.
    pub(super) fn role(&self, id: RelationId) -> Option<Role> {
        self.roles.get(&id).copied()
    }

    /// Where the relation is first read.
    pub(super) fn read(&self, id: RelationId) -> Option<Span> {
        self.usage.get(&id)?.read
    }

    /// Where the relation is first written.
    pub(super) fn written(&self, id: RelationId) -> Option<Span> {
        self.usage.get(&id)?.written
    }

    /// Whether a query inserts into it.
    pub(super) fn is_inserted(&self, id: RelationId) -> bool {
        self.inserted.contains(&id)
    }

    /// Whether an option sends rows to it, which always have all columns.
    pub(super) fn is_fed_by_engine(&self, id: RelationId) -> bool {
        self.dead_letter_targets.contains(&id) || self.late_targets.contains(&id)
    }

    /// Whether bad rows go to it.
    pub(super) fn takes_dead_letters(&self, id: RelationId) -> bool {
        self.dead_letter_targets.contains(&id)
    }

    /// All relations that are written.
    pub(super) fn all_written(&self) -> impl Iterator<Item = RelationId> + use<> {
        let written: Vec<_> = self
            .usage
            .iter()
            .filter(|(_, usage)| usage.written.is_some())
            .map(|(id, _)| *id)
            .collect();
        written.into_iter()
    }
}

/// The streams that a relation's options send rows to, and whether they are late rows.
fn targets(relation: &Relation) -> impl Iterator<Item = (&Name, bool)> {
    let late = relation.engine.late.iter().map(|name| (name, true));
    late.chain(relation.engine.dead_letter.iter().map(|name| (name, false)))
}

fn check_dead_letter_target(name: &Name, target: &Relation) -> Option<Diagnostic> {
    let wanted = error_columns();
    let takes: Vec<_> = target
        .columns
        .iter()
        .filter(|column| !column.is_computed())
        .collect();
    let fits = takes.len() == wanted.len()
        && takes
            .iter()
            .zip(&wanted)
            .all(|(own, wanted)| own.field.data_type() == wanted.field.data_type());
    if fits {
        return None;
    }
    let message = format!("`{}` does not have the columns of bad rows", target.name);
    let diagnostic = Diagnostic::error(Code::InvalidRelation, name.span, message).with_help(
        "they are (source STRING, partition STRING, offset BIGINT, reason STRING, raw BINARY, time TIMESTAMP)",
    );
    Some(match target.span {
        Some(span) => diagnostic.with_label(span, "it is declared here"),
        None => diagnostic,
    })
}

fn check_writable(name: &Name, target: &Relation) -> Option<Diagnostic> {
    let refused = matches!(target.kind, RelationType::View | RelationType::Source);
    refused.then(|| {
        let message = format!(
            "`{}` is a {} and cannot be written to",
            target.name,
            target.kind.noun()
        );
        Diagnostic::error(Code::InvalidRelation, name.span, message)
    })
}

/// The complaint of a source's connector about its options.
fn source_complaint(relation: &Relation, registry: &Registry) -> Option<Diagnostic> {
    let connector = relation.connector.as_ref()?;
    let source = registry.source(&connector.name)?;
    let mut columns = Vec::new();
    let mut declared = Vec::new();
    for column in &relation.columns {
        let metadata = match &column.origin {
            ColumnOrigin::Computed(_) => continue,
            ColumnOrigin::Metadata { key, .. } => Some(key.clone()),
            ColumnOrigin::Physical => {
                declared.push(Arc::clone(&column.field));
                None
            }
        };
        columns.push(SourceColumn {
            field: Arc::clone(&column.field),
            metadata,
        });
    }
    let declared = Arc::new(arrow::datatypes::Schema::new(declared));
    let options = Options::unresolved(&connector.options);
    let request = SourceRequest {
        stream: &relation.name,
        columns: &columns,
        declared: &declared,
        options: &options,
        registry,
    };
    source
        .plan(&request)
        .err()
        .map(|error| connector.diagnostic(&error))
}

/// The complaint of a sink's connector about its options.
fn sink_complaint(relation: &Relation, registry: &Registry) -> Option<Diagnostic> {
    let connector = relation.connector.as_ref()?;
    let sink = registry.sink(&connector.name)?;
    let schema = Arc::new(sink_schema(relation));
    let options = Options::unresolved(&connector.options);
    let request = SinkRequest {
        stream: &relation.name,
        schema: &schema,
        key: &sink_key(relation),
        options: &options,
        registry,
    };
    let complaint = connector.diagnostic(&sink.plan(&request).err()?);
    // As long as nothing is inserted into a sink without columns, it may be about the columns that are missing.
    let is_about_keys = matches!(complaint.code, Code::UnknownOption | Code::MissingOption);
    (is_about_keys || !relation.columns.is_empty()).then_some(complaint)
}
