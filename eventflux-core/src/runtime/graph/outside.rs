//! The two ends of a plan: what gives rows to its sources and takes rows from its sinks.

use std::sync::Arc;

use crate::connector::Source;
use crate::error::Result;
use crate::plan::{Node, SourceSpec};
use crate::runtime::chain::Next;
use crate::runtime::meter::OperatorEntry;
use crate::runtime::task::Task;

/// One parallel copy of a node at an end of the plan.
pub(crate) struct End<'a> {
    pub(crate) node: &'a Node,
    pub(crate) subtask: usize,
    pub(crate) parallelism: usize,
}

/// A source that is open.
pub(crate) struct OpenSource {
    pub(crate) source: Box<dyn Source>,
    /// When the run is told to stop, it ends by itself, with what it has at hand before.
    pub(crate) is_drained: bool,
    /// It ends by itself: a partition that is silent has not been read yet, and holds back the watermark.
    pub(crate) is_bounded: bool,
}

/// Opens sources and sinks: connectors and handlers of this process in a run, the tester's hands in a stepped one.
pub(crate) trait Outside {
    /// Opens a source.
    fn source(&self, end: &End<'_>, spec: &SourceSpec) -> Result<OpenSource>;

    /// Opens a sink, of a connector or of this process.
    fn sink(&self, end: &End<'_>, entry: Arc<OperatorEntry>, task: Arc<Task>) -> Result<Next>;
}
