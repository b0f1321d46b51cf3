//! Sources: rows from outside.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;

use super::{ConnectorDoc, OptionError, Options, Registry};
use crate::error::Result;
use crate::operator::BadRow;
use crate::plan::SourceColumn;
use crate::runtime::TroubleReport;
use crate::time::Clock;

/// A kind of source.
pub trait SourceConnector: Send + Sync {
    /// Its page.
    fn doc(&self) -> &'static ConnectorDoc;

    /// Parses the options, without I/O. Unknown keys and bad values are errors here; unknown values are not.
    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError>;
}

/// What a source is asked for.
pub struct SourceRequest<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The columns to deliver, in this order.
    pub columns: &'a [SourceColumn],
    /// All payload columns as declared, used or not; without metadata and computed columns.
    pub declared: &'a SchemaRef,
    /// Options of the connector and of its format, `format` included.
    pub options: &'a Options,
    /// Where formats are found.
    pub registry: &'a Registry,
}

impl SourceRequest<'_> {
    /// The schema of the rows to deliver.
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<_> = self
            .columns
            .iter()
            .map(|column| Arc::clone(&column.field))
            .collect();
        Arc::new(arrow::datatypes::Schema::new(fields))
    }
}

/// A source with its options parsed.
pub trait SourcePlan: Send + Sync {
    /// Subtasks that can have work at the most; `None`: any number.
    fn parallelism_max(&self) -> Option<usize>;

    /// Whether the input ends by itself.
    fn is_bounded(&self) -> bool;

    /// Opens one subtask's share of the source; blocking I/O is allowed here.
    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>>;

    /// The ability to be told how the run ended.
    fn following_end(&self) -> Option<&dyn FollowEnd> {
        None
    }
}

/// A source that wants to know whether everything it gave is outside.
pub trait FollowEnd {
    /// The run is over, its sources and sinks are closed. `is_complete`: all inputs came to their end, every window has closed,
    /// and everything that came of the rows is outside; it is not so after a stop, an abort or a failure. Blocking I/O is allowed
    /// here.
    fn run_ended(&self, is_complete: bool) -> Result<()>;
}

/// What a source subtask is given when it opens.
#[derive(Debug, Clone)]
pub struct SourceContext {
    /// Which parallel copy this is, from 0.
    pub subtask: usize,
    /// How many copies there are.
    pub parallelism: usize,
    /// Rows per batch at the most.
    pub batch_rows_max: usize,
    /// Where to continue, of all subtasks; empty at a first start.
    pub positions: Vec<SourcePosition>,
    /// Processing time.
    pub clock: Arc<dyn Clock>,
    /// For sources with tasks of their own; the loop calls [`Source::next`] inside of it.
    pub tokio: tokio::runtime::Handle,
    /// Where it tells that the outside does not answer.
    pub trouble: TroubleReport,
}

/// How far a source has come in one partition of the outside system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePosition {
    /// The partition: a path, `topic/3`, a generator's range.
    pub partition: String,
    /// The connector's own encoding; stored in checkpoints.
    pub position: String,
}

/// What a source hands on.
#[derive(Debug)]
pub enum SourceEvent {
    /// Rows of one partition; whatever is at hand, not more than the batch size.
    Rows(SourceRows),
    /// The set of partitions has changed: ask [`Source::partitions`].
    Partitions,
    /// No more rows will come.
    End,
}

/// Rows of one partition.
#[derive(Debug)]
pub struct SourceRows {
    /// Index into [`Source::partitions`].
    pub partition: usize,
    /// The good rows, in the requested columns. Constraints (NOT NULL) are checked by the decoder.
    pub rows: RecordBatch,
    /// The bad rows.
    pub bad: Vec<BadRow>,
}

/// One subtask of a source.
#[async_trait]
pub trait Source: Send {
    /// Waits for rows. Cancel-safe: a dropped call loses nothing.
    async fn next(&mut self) -> Result<SourceEvent>;

    /// The partitions that hold back the watermark, by index; ended ones are left out by a name of `None`.
    fn partitions(&self) -> Vec<Option<String>>;

    /// Where a restart has to continue so that exactly the rows handed on so far are not repeated.
    fn positions(&self) -> Vec<SourcePosition>;

    /// Rows that it was given, that wait to be handed on, and that no position leads back to. A barrier comes behind them, so
    /// that a checkpoint has what was given before it.
    fn unrepeatable_rows(&self) -> usize {
        0
    }

    /// The ability to tell the outside how far checkpoints have come.
    fn committing(&mut self) -> Option<&mut dyn CommitPositions> {
        None
    }
}

/// A source that tells the outside how far checkpoints have come, for those who watch it. A restart never relies on it.
pub trait CommitPositions {
    /// A checkpoint with these positions, which [`Source::positions`] gave, is durable. Called by the loop: it must not wait.
    fn commit_positions(&mut self, positions: &[SourcePosition]) -> Result<()>;
}
