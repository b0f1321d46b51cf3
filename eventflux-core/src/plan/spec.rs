//! What each kind of operator is told.
//!
//! All expressions live in sources (computed columns) and calcs; every other operator names columns by index.

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};

use super::{AggregateCall, WindowSpec, WindowTime};
use crate::connector::OptionText;
use crate::expr::Expression;

/// An operator's kind and parameters.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum OperatorSpec {
    /// Rows from outside, or fixed ones.
    Source(SourceSpec),
    /// Filter, then project.
    Calc(CalcSpec),
    /// All inputs as one; same schema.
    Union,
    /// Gives rows a new event time and watermark from a column.
    EventTime(EventTimeSpec),
    /// Attaches the windows of each row as columns.
    WindowAssign(WindowAssignSpec),
    /// Aggregates per key and window, emitted when the window closes.
    WindowAggregate(WindowAggregateSpec),
    /// Aggregates per key without a window: a changelog.
    GroupAggregate(GroupAggregateSpec),
    /// Each row once per grouping set.
    Expand(ExpandSpec),
    /// A changelog as the stream of its after-images.
    AfterImage(AfterImageSpec),
    /// Rows to the outside.
    Sink(SinkSpec),
    /// Rows to callbacks and row streams of this process, and to the command's printer.
    InProcessSink(InProcessSinkSpec),
}

/// An expression and the name of the column that it makes.
#[derive(Debug, Clone)]
pub struct NamedExpression {
    /// The expression.
    pub expression: Expression,
    /// Name, type and nullability of the column.
    pub field: FieldRef,
}

/// What becomes of rows that do not decode, break a constraint or make an expression fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorPolicy {
    /// The run fails.
    Fail,
    /// They are counted and dropped.
    Drop,
    /// They are counted and sent along the [`Port::Errors`](super::Port) edges, if there are any.
    DeadLetter,
}

/// A physical column of a source, in the order in which the connector delivers them.
#[derive(Debug, Clone)]
pub struct SourceColumn {
    /// Name, type and nullability. A NULL in a column that is not nullable makes a bad row.
    pub field: FieldRef,
    /// The connector's metadata key, if the column is filled from metadata and not from the payload.
    pub metadata: Option<String>,
}

/// Where a source's rows come from.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// A connector with its options as the user wrote them.
    Connector {
        /// The connector's name.
        connector: String,
        /// Its and its format's options, `format` included, as written: the connector resolves prefixes and aliases.
        /// Without `connector`, `type` and what the engine itself reads (error policy, lateness, idle time).
        options: Vec<(String, OptionText)>,
    },
    /// Handlers of this process; also what `replay` and tests feed.
    InProcess,
    /// These rows, once.
    Values(RecordBatch),
    /// Bad rows: what arrives along [`Port::Errors`](super::Port) edges. Schema: [`dead_letter_schema`](super::dead_letter_schema).
    DeadLetters,
}

/// A source: decoded columns, then computed ones, an event time and a watermark.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// The stream's name.
    pub stream: String,
    /// Where rows come from.
    pub kind: SourceKind,
    /// The columns that are decoded: only those that are used.
    pub columns: Vec<SourceColumn>,
    /// All payload columns as declared, used or not; without metadata and computed columns.
    pub declared: SchemaRef,
    /// Columns computed over `columns`, appended to them.
    pub computed: Vec<NamedExpression>,
    /// Where event time comes from; `None` is the time of arrival.
    pub event_time: Option<EventTimeSpec>,
    /// A partition without rows for this long does not hold back the watermark. Microseconds of processing time.
    pub idle_timeout_us: i64,
    /// What becomes of bad rows.
    pub error_policy: ErrorPolicy,
}

/// Event time from a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventTimeSpec {
    /// Index of the timestamp column (for a source: into decoded then computed columns). NULL makes a bad row.
    pub column: usize,
    /// The watermark is the largest event time less this, microseconds.
    pub delay_us: i64,
}

/// Keeps the rows for which the filter is true, then computes the projection.
#[derive(Debug, Clone)]
pub struct CalcSpec {
    /// BOOLEAN; NULL counts as false. Evaluated one after the other: a later one sees only rows that passed the earlier.
    pub filters: Vec<Expression>,
    /// `None` keeps all columns.
    pub projection: Option<Vec<NamedExpression>>,
    /// What becomes of rows that make an expression fail.
    pub error_policy: ErrorPolicy,
}

/// Attaches window columns: the input's columns, then `window_start`, `window_end`, `window_time` (timestamps).
///
/// Tumble, hop and cumulate emit a row once per window of it, at once. A session is emitted when it closes.
#[derive(Debug, Clone)]
pub struct WindowAssignSpec {
    /// The window.
    pub window: WindowSpec,
    /// Session only: columns whose equal values share sessions.
    pub partition_by: Vec<usize>,
}

/// Aggregates per key and window.
///
/// **Shapes** Emits the key columns, the aggregates, then `window_start`, `window_end`, `window_time`: timestamps of
/// microseconds; `window_time` = `window_end` - 1 µs is the row's event time.
#[derive(Debug, Clone)]
pub struct WindowAggregateSpec {
    /// The row's windows.
    pub window: WindowTime,
    /// Group columns.
    pub keys: Vec<usize>,
    /// Aggregates.
    pub calls: Vec<AggregateCall>,
    /// A closed window is kept this long after its end and corrected by late rows; makes the output a changelog if > 0.
    pub allowed_lateness_us: i64,
    /// What becomes of a result that does not fit its type.
    pub error_policy: ErrorPolicy,
}

/// Aggregates per key, without a window: emits keys, then aggregates, as a changelog, an update per input row.
///
/// Without keys there is one group: it exists from the first row on, and at the end of the input if there was none.
#[derive(Debug, Clone)]
pub struct GroupAggregateSpec {
    /// Group columns.
    pub keys: Vec<usize>,
    /// Aggregates; none makes it DISTINCT.
    pub calls: Vec<AggregateCall>,
    /// When groups that are written no more are forgotten; `None`: never.
    pub state_ttl: Option<StateTtl>,
    /// What becomes of a result that does not fit its type.
    pub error_policy: ErrorPolicy,
}

/// When state of a key that is written no more is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateTtl {
    /// A key that was not written for longer than this, in event time, begins anew. Microseconds.
    pub ttl_us: i64,
    /// A result that stays as it is comes out again, for an operator behind it that would forget it otherwise.
    pub repeats_results: bool,
}

impl StateTtl {
    /// Whether what was last written at one time is over for a row of another.
    pub fn is_over(&self, last_write: i64, time: i64) -> bool {
        time.saturating_sub(last_write) > self.ttl_us
    }

    /// To what last writes are rounded where state is found by them.
    pub fn step_us(&self) -> i64 {
        (self.ttl_us / 16).max(1)
    }
}

/// Each input row once per grouping set: the input's columns, then one copy of each key column (NULL where the set does not
/// group by it), then `__grouping_id` as DataFusion defines it.
#[derive(Debug, Clone)]
pub struct ExpandSpec {
    /// The key columns.
    pub keys: Vec<usize>,
    /// Per grouping set, per key: whether the set groups by it.
    pub sets: Vec<Vec<bool>>,
    /// The grouping id of each set; its type is that of the output column.
    pub grouping_ids: Vec<u64>,
}

/// Drops `-U` and `-D`, makes `+U` an insertion.
#[derive(Debug, Clone, Default)]
pub struct AfterImageSpec {}

/// A sink of a connector.
#[derive(Debug, Clone)]
pub struct SinkSpec {
    /// The stream's or table's name.
    pub stream: String,
    /// The connector's name.
    pub connector: String,
    /// Its and its format's options as the user wrote them.
    pub options: Vec<(String, OptionText)>,
    /// The columns it is given.
    pub schema: SchemaRef,
    /// Indices of the PRIMARY KEY's columns; empty without one.
    pub key: Vec<usize>,
}

/// An output of this process.
#[derive(Debug, Clone)]
pub struct InProcessSinkSpec {
    /// The stream's name; a bare SELECT has one of its own.
    pub stream: String,
    /// The columns it is given.
    pub schema: SchemaRef,
}
