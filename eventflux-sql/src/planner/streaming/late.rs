//! Late rows: from a window to the stream that `'late'` names.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::{DFSchema, DataFusionError, Result};
use eventflux_core::plan::{CalcSpec, ChangelogMode, Exchange, NamedExpression, NodeId, OperatorSpec, Port};

use super::expression::slot_expression;
use super::graph::NewNode;
use super::rel::{ErrorRoute, Origin, Rel};
use super::translator::Translator;
use crate::catalog::{Relation, RelationId};
use crate::diagnostic::{Code, Diagnostic};

impl Translator<'_> {
    /// Notes that late rows of a window operator go to a stream, if the source of its rows says so.
    pub(super) fn late_rows(&mut self, input: &Rel, window: NodeId) {
        let Some(origin) = &input.lateness.origin else {
            return;
        };
        let relation = self.catalog.get(origin.relation);
        let Some(name) = &relation.engine.late else { return };
        if let Err(reason) = origin.slots {
            let message = format!(
                "late rows cannot go to `{}`: they have come through {reason}",
                name.text()
            );
            let place = self.span.unwrap_or(name.span);
            self.report(
                Diagnostic::error(Code::LateRows, name.span, message)
                    .with_label(place, "in this query")
                    .with_help("put the window directly over the stream"),
            );
            return;
        }
        if let Some(target) = self.catalog.find(name) {
            self.late.push((window, input.clone(), target));
        }
    }

    /// The late rows that go to a stream, one input per window.
    pub(super) fn late_inputs(&mut self, target: RelationId) -> Result<Vec<Rel>> {
        let (own, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(_, _, stream)| *stream == target);
        self.late = others;
        own.into_iter()
            .map(|(window, rel, _)| self.late_input(window, rel, target))
            .collect()
    }

    fn late_input(&mut self, window: NodeId, input: Rel, target: RelationId) -> Result<Rel> {
        let Some(Origin {
            relation,
            slots: Ok(slots),
        }) = input.lateness.origin.clone()
        else {
            return Err(DataFusionError::Internal("late rows without columns".to_owned()));
        };
        let source = self.catalog.get(relation);
        let target = self.catalog.get(target);
        let projection: Vec<NamedExpression> = target
            .columns
            .iter()
            .filter(|column| !column.is_computed())
            .zip(&source.columns)
            .zip(&slots)
            .map(|((own, from), slot)| {
                let mut named = slot_expression(*slot, &from.field);
                named.field = Arc::new(own.field.as_ref().clone().with_nullable(from.field.is_nullable()));
                named
            })
            .collect();
        let fields: Vec<_> = projection.iter().map(|named| Arc::clone(&named.field)).collect();
        let schema = Arc::new(Schema::new(fields));
        let parallelism = self.graph.node(window).parallelism;
        let errors = ErrorRoute {
            ..input.errors.clone()
        };
        let spec = CalcSpec {
            filters: Vec::new(),
            projection: Some(projection),
            error_policy: errors.policy,
        };
        let new = NewNode {
            operator_id: format!("{}/late", self.graph.node(window).operator_id),
            name: format!("late rows of {}", source.name),
            spec: OperatorSpec::Calc(spec),
            schema: Arc::clone(&schema),
            changelog: ChangelogMode::Append,
            parallelism,
            span: source.engine.late.as_ref().map(|name| name.span),
        };
        let node = self.add(new, &errors);
        self.graph
            .connect_port(window, Port::Late, node, 0, Exchange::Forward);
        let schema = Arc::new(DFSchema::try_from(schema)?);
        Ok(super::app::plain_rel(node, schema, parallelism, errors))
    }
}

/// Whether the stream for late rows can take those of a source.
pub(super) fn check_late_target(source: &Relation, target: &Relation) -> Option<Diagnostic> {
    let name = source.engine.late.as_ref()?;
    let takes: Vec<_> = target
        .columns
        .iter()
        .filter(|column| !column.is_computed())
        .collect();
    let same_types = takes.len() == source.columns.len()
        && takes
            .iter()
            .zip(&source.columns)
            .all(|(own, from)| own.field.data_type() == from.field.data_type());
    if same_types {
        return None;
    }
    let message = format!(
        "`{}` does not have the columns of `{}`, whose late rows it gets",
        target.name, source.name
    );
    let diagnostic = Diagnostic::error(Code::LateRows, name.span, message);
    Some(match target.span {
        Some(span) => diagnostic.with_label(span, "it is declared here"),
        None => diagnostic,
    })
}
