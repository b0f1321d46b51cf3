//! Outputs of this process: bare SELECTs, and streams that nobody else takes.

use std::sync::Arc;

use datafusion_common::Result;
use eventflux_core::plan::{Exchange, InProcessSinkSpec, NodeId, OperatorSpec, Parallelism};

use super::graph::NewNode;
use super::rel::Rel;
use super::translator::Translator;
use crate::app::OutputKind;
use crate::diagnostic::Span;

/// An output as it was added to the graph.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// Its stream, or the name of the bare SELECT.
    pub(crate) stream: String,
    /// Its operator's id, which stays when nodes are put in order.
    pub(crate) operator_id: String,
    /// What it is.
    pub(crate) kind: OutputKind,
    /// Where it comes from, to put outputs in the order of the text.
    pub(crate) span: Option<Span>,
}

impl Translator<'_> {
    /// Gives rows to this process.
    pub(super) fn output(
        &mut self,
        rel: Rel,
        stream: &str,
        operator_id: String,
        kind: OutputKind,
    ) -> Result<Output> {
        let rel = self.settle(rel)?;
        let schema = Arc::clone(&self.graph.node(rel.node).schema);
        let new = NewNode {
            operator_id: operator_id.clone(),
            name: format!("output {stream}"),
            spec: OperatorSpec::InProcessSink(InProcessSinkSpec {
                stream: stream.to_owned(),
                schema: Arc::clone(&schema),
            }),
            schema,
            changelog: rel.changelog(),
            parallelism: Parallelism::AtMost(1),
            span: self.span,
        };
        let node: NodeId = self.graph.add(new);
        let operator_id = self.graph.node(node).operator_id.clone();
        self.graph.connect(rel.node, node, 0, Exchange::Forward);
        Ok(Output {
            stream: stream.to_owned(),
            operator_id,
            kind,
            span: self.span,
        })
    }
}
