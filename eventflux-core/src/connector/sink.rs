//! Sinks: rows to the outside.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;

use super::{ConnectorDoc, ExactlyOncePlan, OptionError, Options, Registry, SinkInput};
use crate::batch::EventBatch;
use crate::error::Result;
use crate::runtime::TroubleReport;
use crate::time::Clock;

/// A kind of sink.
pub trait SinkConnector: Send + Sync {
    /// Its page.
    fn doc(&self) -> &'static ConnectorDoc;

    /// Parses the options, without I/O. Unknown keys and bad values are errors here; unknown values are not.
    fn plan(&self, request: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError>;
}

/// What a sink is asked for.
pub struct SinkRequest<'a> {
    /// The stream's or table's name.
    pub stream: &'a str,
    /// The columns that it will be given.
    pub schema: &'a SchemaRef,
    /// Indices of the PRIMARY KEY's columns; empty without one.
    pub key: &'a [usize],
    /// Options of the connector and of its format, `format` included.
    pub options: &'a Options,
    /// Where formats are found.
    pub registry: &'a Registry,
}

/// A sink with its options parsed.
pub trait SinkPlan: Send + Sync {
    /// What rows it takes.
    fn input(&self) -> SinkInput;

    /// Subtasks at the most; `None`: any number.
    fn parallelism_max(&self) -> Option<usize>;

    /// Opens one subtask's share; blocking I/O is allowed here. Without checkpoints, and for sinks that cannot do better, this
    /// is how rows are written: at once, and after a restart some of them again.
    fn open(&self, context: &SinkContext) -> Result<Box<dyn Sink>>;

    /// The ability to write after the checkpoint. A run with checkpoints uses it where there is one, in place of
    /// [`SinkPlan::open`].
    fn exactly_once(&self) -> Option<&dyn ExactlyOncePlan> {
        None
    }

    /// How often a row is outside in a run with checkpoints. A sink that stages, and whose outside cannot tell a repeat by itself,
    /// says so here.
    fn promise(&self) -> SinkPromise {
        match self.exactly_once() {
            Some(_) => SinkPromise::ExactlyOnce,
            None => SinkPromise::AtLeastOnce,
        }
    }
}

/// How often a row is outside in a run with checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SinkPromise {
    /// Once.
    ExactlyOnce,
    /// After a failure some rows come again, with the keys that they had: whoever knows those gets each row once.
    KeyedAtLeastOnce,
    /// After a failure some rows come again.
    AtLeastOnce,
}

/// What a sink subtask is given when it opens.
#[derive(Debug, Clone)]
pub struct SinkContext {
    /// Which parallel copy this is, from 0.
    pub subtask: usize,
    /// How many copies there are.
    pub parallelism: usize,
    /// The run goes on from a checkpoint: what is outside already belongs to it and must stay.
    pub is_restored: bool,
    /// Processing time.
    pub clock: Arc<dyn Clock>,
    /// For sinks with tasks of their own; the loop calls the sink inside of it.
    pub tokio: tokio::runtime::Handle,
    /// Where it tells that the outside does not answer.
    pub trouble: TroubleReport,
}

/// One subtask of a sink.
#[async_trait]
pub trait Sink: Send {
    /// Takes rows; may buffer them.
    async fn write(&mut self, batch: &EventBatch) -> Result<()>;

    /// Makes everything written so far visible outside; called at barriers, when the input pauses, and at the end.
    async fn flush(&mut self) -> Result<()>;

    /// Flushes and lets go of everything.
    async fn close(&mut self) -> Result<()>;
}
