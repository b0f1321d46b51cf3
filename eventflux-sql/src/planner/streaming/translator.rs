//! The walk over the logical plans of all queries.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion_common::{DataFusionError, Result};
use datafusion_expr::LogicalPlan;
use eventflux_core::connector::Registry;
use eventflux_core::plan::{ErrorPolicy, NodeId};

use super::dead_letter::Target;
use super::graph::{Graph, NewNode};
use super::rel::{ErrorRoute, Rel};
use super::stream::StreamRows;
use crate::app::ConnectorMode;
use crate::catalog::{Catalog, RelationId};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::planner::window_node::WindowNode;

/// What is made of the logical plans.
pub(super) struct Translator<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) registry: &'a Registry,
    pub(super) connectors: ConnectorMode,
    pub(super) idle_timeout_us: i64,
    /// When state of keys that are written no more is forgotten.
    pub(super) state_ttl_us: Option<i64>,
    pub(super) graph: Graph,
    /// The rows of the streams that are translated.
    pub(super) streams: BTreeMap<RelationId, StreamRows>,
    /// Operators whose failing rows become dead letters, and of which stream.
    pub(super) dead_letters: Vec<(NodeId, Target)>,
    /// Operators whose late rows go to a stream of their own: the operator, the rows, the stream.
    pub(super) late: Vec<(NodeId, Rel, RelationId)>,
    pub(super) diagnostics: Diagnostics,
    /// The beginning of the operator ids of the query.
    pub(super) prefix: String,
    /// Where the query is written.
    pub(super) span: Option<Span>,
}

impl Translator<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The id of an operator of the query.
    pub(super) fn operator_id(&self, kind: &str) -> String {
        format!("{}/{kind}", self.prefix)
    }

    /// Adds an operator whose failing rows take this route.
    pub(super) fn add(&mut self, node: NewNode, errors: &ErrorRoute) -> NodeId {
        let id = self.graph.add(node);
        if errors.policy == ErrorPolicy::DeadLetter && !errors.is_dead_letter {
            self.dead_letters.push((id, errors.target));
        }
        id
    }

    /// The rows of a logical plan.
    pub(super) fn translate(&mut self, plan: &LogicalPlan) -> Result<Rel> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Projection(projection) => {
                let rel = self.translate(&projection.input)?;
                self.project(rel, &projection.expr, Arc::clone(&projection.schema))
            }
            LogicalPlan::Filter(filter) => {
                let rel = self.translate(&filter.input)?;
                self.filter(rel, &filter.predicate)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let mut rel = self.translate(&alias.input)?;
                rel.schema = Arc::clone(&alias.schema);
                Ok(rel)
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Values(values) => self.values(values),
            LogicalPlan::EmptyRelation(empty) => self.empty(empty),
            LogicalPlan::Extension(extension) => match WindowNode::of(extension) {
                Some(window) => self.window(window),
                None => Err(not_planned(plan)),
            },
            other => Err(not_planned(other)),
        }
    }

    /// A lint: an operator never forgets a key.
    pub(super) fn unbounded_state(&mut self) {
        if self.state_ttl_us.is_some() {
            return;
        }
        let Some(span) = self.span else { return };
        if self
            .diagnostics
            .iter()
            .any(|known| known.code == Code::UnboundedState && known.span == span)
        {
            return;
        }
        self.report(
            Diagnostic::warning(
                Code::UnboundedState,
                span,
                "the query keeps every key that it has ever seen",
            )
            .with_help(
                "if old keys need not be kept, group by a window, such as `TUMBLE(s, ts, INTERVAL '1' HOUR)`, or \
                 forget keys that come no more: `SET state_ttl = '24h'`",
            ),
        );
    }
}

fn not_planned(plan: &LogicalPlan) -> DataFusionError {
    DataFusionError::NotImplemented(format!("{}", plan.display()))
}
