//! Sinks: connectors that rows leave by, and what they take.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::Result;
use eventflux_core::connector::{Options, SinkInput, SinkRequest};
use eventflux_core::plan::{Exchange, OperatorSpec, Parallelism, SinkSpec};

use super::graph::NewNode;
use super::rel::{Changes, Rel};
use super::translator::Translator;
use crate::catalog::{ConnectorUse, Relation, RelationId, RelationType};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::planner::insert::insertable;

/// What a sink takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct SinkAbility {
    pub(super) input: SinkInput,
    pub(super) parallelism_max: Option<usize>,
}

impl Translator<'_> {
    /// Asks the connector what it takes; what is wrong with its options is reported.
    pub(super) fn sink_ability(
        &mut self,
        relation: &Relation,
        connector: &ConnectorUse,
    ) -> Option<SinkAbility> {
        let schema = Arc::new(sink_schema(relation));
        let options = Options::unresolved(&connector.options);
        let key = sink_key(relation);
        let request = SinkRequest {
            stream: &relation.name,
            schema: &schema,
            key: &key,
            options: &options,
            registry: self.registry,
        };
        match self.registry.sink(&connector.name)?.plan(&request) {
            Ok(plan) => Some(SinkAbility {
                input: plan.input(),
                parallelism_max: plan.parallelism_max(),
            }),
            Err(error) => {
                let diagnostic = connector.diagnostic(&error);
                self.report(diagnostic);
                None
            }
        }
    }

    /// Makes an inserted query fit the sink: as after-images, as a changelog by key, or not at all. `span` is where the
    /// target is named.
    pub(super) fn fit_sink(
        &mut self,
        rel: Rel,
        relation: &Relation,
        ability: SinkAbility,
        span: Span,
    ) -> Rel {
        if ability.input == SinkInput::Upsert && relation.primary_key.is_empty() {
            let format = relation
                .connector
                .as_ref()
                .and_then(|connector| connector.value_span("format"));
            let place = format.or(relation.span).unwrap_or(span);
            let message = format!(
                "`{}` writes rows by key, and no PRIMARY KEY says which",
                relation.name
            );
            self.report(
                Diagnostic::error(Code::KeyMismatch, place, message)
                    .with_help("add `PRIMARY KEY (…)` to its columns"),
            );
            return rel;
        }
        let Changes::Changelog { unique_key } = &rel.changes else {
            return rel;
        };
        match ability.input {
            SinkInput::Changelog => rel,
            SinkInput::Upsert => {
                let mut found = unique_key.clone().unwrap_or_default();
                let mut wanted = sink_key(relation);
                found.sort_unstable();
                wanted.sort_unstable();
                if unique_key.is_none() || found != wanted {
                    self.report(self.other_key(&rel, relation, unique_key.as_deref(), span));
                }
                rel
            }
            SinkInput::Append if relation.kind == RelationType::Table => {
                let message = format!(
                    "the query changes its rows, and `{}` can only add rows",
                    relation.name
                );
                self.report(Diagnostic::error(Code::ChangelogToAppend, span, message).with_help(
                    "take a format that knows changes (`debezium_json`, or `upsert_json` with a PRIMARY KEY), declare it \
                     with CREATE STREAM to write the rows after each change, or aggregate over a window",
                ));
                rel
            }
            SinkInput::Append => self.after_image(rel),
        }
    }

    fn other_key(
        &self,
        rel: &Rel,
        relation: &Relation,
        unique_key: Option<&[usize]>,
        span: Span,
    ) -> Diagnostic {
        let wanted: Vec<_> = relation
            .primary_key
            .iter()
            .map(|index| relation.columns[*index].name().to_owned())
            .collect();
        let message = match unique_key {
            None => "the query's rows change, and no column identifies them".to_owned(),
            Some([]) => format!(
                "the query gives one row, and the PRIMARY KEY is ({})",
                wanted.join(", ")
            ),
            Some(key) => {
                let found: Vec<_> = key
                    .iter()
                    .map(|column| rel.field(*column).name().clone())
                    .collect();
                format!(
                    "the query's rows are identified by ({}), not by ({})",
                    found.join(", "),
                    wanted.join(", ")
                )
            }
        };
        let diagnostic = Diagnostic::error(Code::KeyMismatch, span, message);
        let diagnostic = match relation.primary_key_span {
            Some(key) => diagnostic.with_label(key, "the PRIMARY KEY is declared here"),
            None => diagnostic,
        };
        diagnostic.with_help("group by exactly the columns of the PRIMARY KEY, and select them all")
    }

    /// The sink of a relation, behind its rows, which have all columns in order.
    pub(super) fn sink(&mut self, id: RelationId, rel: Rel, ability: SinkAbility) -> Result<()> {
        let relation = self.catalog.get(id);
        let Some(connector) = &relation.connector else {
            return Ok(());
        };
        let rel = self.settle(rel)?;
        let key = sink_key(relation);
        let (exchange, parallelism) = match ability.parallelism_max {
            None => (Exchange::Forward, rel.parallelism),
            Some(max) if rel.parallelism == Parallelism::AtMost(max) => (Exchange::Forward, rel.parallelism),
            Some(max) if max > 1 && !key.is_empty() => {
                (Exchange::Hash(key.clone()), Parallelism::AtMost(max))
            }
            // Rows of one key stay in order only if they are gathered.
            Some(_) => (Exchange::Forward, Parallelism::AtMost(1)),
        };
        let schema = Arc::new(sink_schema(relation));
        let spec = SinkSpec {
            stream: relation.name.clone(),
            connector: connector.name.clone(),
            options: connector.options.clone(),
            schema: Arc::clone(&schema),
            key,
        };
        let new = NewNode {
            operator_id: format!("sink:{}", relation.name),
            name: format!("sink {}", relation.name),
            spec: OperatorSpec::Sink(spec),
            schema,
            changelog: rel.changelog(),
            parallelism,
            span: relation.span,
        };
        let node = self.graph.add(new);
        self.graph.connect(rel.node, node, 0, exchange);
        Ok(())
    }
}

/// The columns that a sink is given.
pub(super) fn sink_schema(relation: &Relation) -> Schema {
    let fields = insertable(relation)
        .into_iter()
        .map(|index| Arc::clone(&relation.columns[index].field));
    Schema::new(fields.collect::<Vec<_>>())
}

/// The key's columns among those that a sink is given.
pub(super) fn sink_key(relation: &Relation) -> Vec<usize> {
    let given = insertable(relation);
    relation
        .primary_key
        .iter()
        .filter_map(|index| given.iter().position(|column| column == index))
        .collect()
}
