//! Windows: they wait for an aggregate to take them in, or are assigned as columns.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion_common::Result;
use datafusion_expr::LogicalPlan;
use eventflux_core::plan::{Exchange, OperatorSpec, Parallelism, WindowAssignSpec, WindowSpec};

use super::expression::as_column;
use super::graph::NewNode;
use super::rel::{Bounds, Place, Rel};
use super::translator::Translator;
use crate::catalog::timestamp;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::planner::scanned::scanned;
use crate::planner::window_node::{WINDOW_END, WINDOW_START, WINDOW_TIME, WindowNode};

/// A window that is not assigned yet.
#[derive(Debug, Clone)]
pub(super) struct PendingWindow {
    pub(super) spec: WindowSpec,
    /// Slots of the session's keys.
    pub(super) partition_by: Vec<usize>,
    /// Whether conditions behind it may be done before it.
    pub(super) filters_before: bool,
    pub(super) span: Span,
}

impl PendingWindow {
    pub(super) fn is_session(&self) -> bool {
        matches!(self.spec, WindowSpec::Session { .. })
    }
}

impl Translator<'_> {
    /// The rows of a window's input, with the window to be assigned.
    pub(super) fn window(&mut self, node: &WindowNode) -> Result<Rel> {
        let rel = self.translate(&node.input)?;
        // A window over windows: the inner one becomes columns.
        let mut rel = if rel.window.is_some() {
            self.assign_window(rel)?
        } else {
            rel
        };
        if let Some(time) = &node.time {
            self.check_event_time(&rel, &node.input, time, node.time_span);
        }
        let partition_by;
        (rel, partition_by) = self.append(rel, &node.partition_by)?;
        rel.window = Some(PendingWindow {
            spec: node.spec.clone(),
            partition_by,
            filters_before: node.filters_before(),
            span: node.span,
        });
        let column_count = rel.columns.len();
        rel.columns
            .extend([Place::WindowStart, Place::WindowEnd, Place::WindowTime]);
        rel.bounds = Bounds {
            start: Some(column_count),
            end: Some(column_count + 1),
            time: Some(column_count + 2),
        };
        rel.schema = Arc::clone(datafusion_expr::UserDefinedLogicalNodeCore::schema(node));
        Ok(rel)
    }

    fn check_event_time(&mut self, rel: &Rel, input: &LogicalPlan, time: &datafusion_expr::Expr, span: Span) {
        let column = as_column(time, &rel.schema);
        if column.is_some() && column == rel.time {
            return;
        }
        let name = column.map_or_else(|| time.to_string(), |column| rel.field(column).name().clone());
        let is_timestamp = column.is_some_and(|column| {
            matches!(
                rel.field(column).data_type(),
                arrow::datatypes::DataType::Timestamp(..)
            )
        });
        let message = format!("`{name}` is not the event time of the window's input");
        let help = match (rel.time, self.event_time_below(input)) {
            (Some(time), _) => format!("its event time is `{}`", rel.field(time).name()),
            (None, Some((relation, time))) => {
                format!("the event time of `{relation}` is `{time}`, which has to come here unchanged")
            }
            (None, None) if is_timestamp => {
                format!("declare it with the stream: `WATERMARK FOR {name} AS {name} - INTERVAL '5' SECOND`")
            }
            (None, None) => "declare a TIMESTAMP column and `WATERMARK FOR` it with the stream".to_owned(),
        };
        self.report(Diagnostic::error(Code::NotEventTime, span, message).with_help(help));
    }

    /// The one stream below that has an event time, and that column.
    fn event_time_below(&self, plan: &LogicalPlan) -> Option<(String, String)> {
        let mut found = scanned(plan).ok()?.into_iter().filter_map(|id| {
            let relation = self.catalog.get(id);
            let time = relation.event_time?;
            Some((
                relation.name.clone(),
                relation.columns[time.column].name().to_owned(),
            ))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Assigns the pending window: its bounds become columns.
    pub(super) fn assign_window(&mut self, rel: Rel) -> Result<Rel> {
        if rel.window.is_none() {
            return Ok(rel);
        }
        let mut rel = self.calc(rel);
        let Some(window) = rel.window.take() else {
            return Ok(rel);
        };
        let input = self.graph.node(rel.node);
        let mut fields: Vec<_> = input.schema.fields().iter().cloned().collect();
        let bounds_at = fields.len();
        for name in [WINDOW_START, WINDOW_END, WINDOW_TIME] {
            fields.push(Arc::new(Field::new(name, timestamp(), false)));
        }
        let (exchange, parallelism) = match (window.is_session(), window.partition_by.as_slice()) {
            (false, _) => (Exchange::Forward, rel.parallelism),
            (true, []) => (Exchange::Forward, Parallelism::AtMost(1)),
            (true, keys) => (Exchange::Hash(keys.to_vec()), Parallelism::Any),
        };
        for place in &mut rel.columns {
            *place = match *place {
                Place::WindowStart => Place::Slot(bounds_at),
                Place::WindowEnd => Place::Slot(bounds_at + 1),
                Place::WindowTime => Place::Slot(bounds_at + 2),
                Place::Slot(slot) => Place::Slot(slot),
            };
        }
        let spec = WindowAssignSpec {
            window: window.spec,
            partition_by: window.partition_by,
        };
        let node = self.add(
            NewNode {
                operator_id: self.operator_id("window"),
                name: "window".to_owned(),
                spec: OperatorSpec::WindowAssign(spec),
                schema: Arc::new(Schema::new(fields)),
                changelog: rel.changelog(),
                parallelism,
                span: Some(window.span),
            },
            &rel.errors,
        );
        self.graph.connect(rel.node, node, 0, exchange);
        rel.node = node;
        rel.parallelism = parallelism;
        Ok(rel)
    }
}
