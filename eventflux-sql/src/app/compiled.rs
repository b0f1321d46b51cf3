//! The result of a compilation.

use arrow::datatypes::SchemaRef;
use eventflux_core::plan::{ChangelogMode, NodeId, PhysicalPlan};

use super::{Answer, Settings};
use crate::diagnostic::{Diagnostic, Span};

/// A text that can be run.
#[derive(Debug, Clone)]
pub struct CompiledApp {
    /// The operators and edges.
    pub plan: PhysicalPlan,
    /// The streams, tables and views that the text declares or creates, in its order.
    pub streams: Vec<StreamInfo>,
    /// What is given to this process, in the order of the text.
    pub outputs: Vec<OutputInfo>,
    /// Answers to EXPLAIN, DESCRIBE and SHOW, in the order of the text.
    pub answers: Vec<Answer>,
    /// The queries as logical plans.
    pub queries: Vec<LogicalQuery>,
    /// The settings: those given from outside, then those of the text.
    pub settings: Settings,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// A stream, table or view.
#[derive(Debug, Clone)]
pub struct StreamInfo {
    /// Its name.
    pub name: String,
    /// `stream`, `source`, `sink`, `table` or `view`.
    pub kind: &'static str,
    /// Its columns.
    pub schema: SchemaRef,
    /// The columns that rows given from outside have: all but the computed ones.
    pub physical: SchemaRef,
    /// Its connector, if it has one.
    pub connector: Option<String>,
    /// How its rows get into the app.
    pub role: StreamRole,
    /// The name of the column that is its event time; `None` is the time of arrival.
    pub event_time: Option<String>,
    /// The operator that takes its rows from outside, if rows come from outside and are read.
    pub source: Option<NodeId>,
    /// Where its name is declared.
    pub span: Option<Span>,
}

/// How rows get into a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamRole {
    /// From a connector.
    Source,
    /// From this process: handlers, or the events of a replay.
    InProcess,
    /// From queries of the text.
    Internal,
    /// From queries of the text; they leave through a connector.
    Sink,
    /// It is a query of its own.
    View,
}

/// What is given to this process.
#[derive(Debug, Clone)]
pub struct OutputInfo {
    /// The stream's name; `select`, `select_2`, … for bare SELECTs.
    pub stream: String,
    /// The operator.
    pub node: NodeId,
    /// The columns.
    pub schema: SchemaRef,
    /// Whether rows are only added.
    pub changelog: ChangelogMode,
    /// What it is.
    pub kind: OutputKind,
}

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// The rows of a stream.
    Stream,
    /// The rows of a bare SELECT.
    Query,
}

/// A query's logical plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogicalQuery {
    /// What the query is: `insert into alerts`, `select`.
    pub name: String,
    /// Its operators, the last first, each input one step further to the right.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}
