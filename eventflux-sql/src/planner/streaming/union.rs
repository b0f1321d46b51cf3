//! UNION ALL, and the inserts of several queries into one stream.

use std::sync::Arc;

use datafusion_common::{DFSchemaRef, DataFusionError, Result};
use datafusion_expr::Union;
use eventflux_core::plan::{ChangelogMode, ErrorPolicy, Exchange, OperatorSpec, Parallelism};

use super::graph::NewNode;
use super::rel::{Changes, ErrorRoute, Lateness, Origin, PendingCalc, Place, Rel};
use super::translator::Translator;

impl Translator<'_> {
    /// UNION ALL.
    pub(super) fn union(&mut self, union: &Union) -> Result<Rel> {
        let mut inputs = Vec::new();
        let prefix = self.prefix.clone();
        for (position, input) in union.inputs.iter().enumerate() {
            self.prefix = format!("{prefix}/{position}");
            let mut rel = self.translate(input)?;
            rel.schema = Arc::clone(&union.schema);
            inputs.push(rel);
        }
        self.prefix = prefix;
        let id = self.operator_id("union");
        self.merge(inputs, &union.schema, id)
    }

    /// All inputs as one; each has the logical columns of the schema.
    pub(super) fn merge(
        &mut self,
        inputs: Vec<Rel>,
        schema: &DFSchemaRef,
        operator_id: String,
    ) -> Result<Rel> {
        let time = common(inputs.iter().map(|rel| rel.time)).flatten();
        let bounds = common(inputs.iter().map(|rel| rel.bounds)).unwrap_or_default();
        let lateness = merged_lateness(&inputs);
        let errors = merged_route(inputs.iter().map(|rel| &rel.errors))
            .ok_or_else(|| DataFusionError::Internal("a union has no inputs".to_owned()))?;
        let changes = if inputs.iter().all(|rel| rel.changes.is_append()) {
            Changes::Append
        } else {
            Changes::Changelog { unique_key: None }
        };
        // Each subtask of a narrower input keeps to one subtask of the union, so that its rows stay in order.
        let parallelism = widest(inputs.iter().map(|rel| rel.parallelism));
        let inputs = inputs
            .into_iter()
            .map(|rel| self.settle(rel))
            .collect::<Result<Vec<_>>>()?;
        let changelog = match &changes {
            Changes::Append => ChangelogMode::Append,
            Changes::Changelog { .. } => ChangelogMode::Changelog { unique_key: None },
        };
        let node = self.add(
            NewNode {
                operator_id,
                name: "union".to_owned(),
                spec: OperatorSpec::Union,
                schema: Arc::clone(schema.inner()),
                changelog,
                parallelism,
                span: self.span,
            },
            &errors,
        );
        for (input, rel) in inputs.iter().enumerate() {
            self.graph.connect(rel.node, node, input, Exchange::Forward);
        }
        Ok(Rel {
            node,
            schema: Arc::clone(schema),
            columns: (0..schema.fields().len()).map(Place::Slot).collect(),
            calc: PendingCalc::default(),
            window: None,
            bounds,
            time,
            changes,
            parallelism,
            errors,
            lateness,
        })
    }
}

fn widest(widths: impl Iterator<Item = Parallelism>) -> Parallelism {
    let wider = |a, b| match (a, b) {
        (Parallelism::AtMost(a), Parallelism::AtMost(b)) => Parallelism::AtMost(a.max(b)),
        _ => Parallelism::Any,
    };
    widths.reduce(wider).unwrap_or(Parallelism::AtMost(1))
}

/// The value that all have.
pub(super) fn common<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// The strictest policy: rows are never lost more silently than one of the inputs asks for.
pub(super) fn merged_route<'a>(routes: impl Iterator<Item = &'a ErrorRoute>) -> Option<ErrorRoute> {
    let strictness = |policy: ErrorPolicy| match policy {
        ErrorPolicy::Drop => 0,
        ErrorPolicy::DeadLetter => 1,
        ErrorPolicy::Fail => 2,
    };
    routes.cloned().reduce(|a, b| {
        let is_dead_letter = a.is_dead_letter || b.is_dead_letter;
        let stricter = if strictness(b.policy) > strictness(a.policy) {
            b
        } else {
            a
        };
        ErrorRoute {
            is_dead_letter,
            ..stricter
        }
    })
}

/// Windows behind a union are corrected as long as one of its inputs asks for; late rows cannot be told apart any more.
fn merged_lateness(inputs: &[Rel]) -> Lateness {
    let allowed_us = inputs
        .iter()
        .map(|rel| rel.lateness.allowed_us)
        .max()
        .unwrap_or(0);
    let origin = inputs.iter().find_map(|rel| rel.lateness.origin.as_ref());
    let origin = origin.map(|origin| Origin {
        relation: origin.relation,
        slots: Err("a union"),
    });
    Lateness { allowed_us, origin }
}
