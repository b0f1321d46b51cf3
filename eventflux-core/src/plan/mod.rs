//! The physical plan: a graph of operator specs and edges, the compiler's result and the runtime's input.
//!
//! **Invariants** Planning is deterministic: the same text, catalog and settings give the same plan on every node, with
//! the same operator ids. A runtime may start any subset of the subtasks.

mod aggregate;
mod dead_letter;
mod describe;
mod exchange;
mod node;
mod physical_plan;
pub mod render;
mod spec;
mod window;

pub(crate) use describe::{REPEATED, STATE_TTL};

pub use aggregate::{AggregateCall, AggregateFunction, SortColumn};
pub use dead_letter::dead_letter_schema;
pub use exchange::{Edge, Exchange, Port};
pub use node::{ChangelogMode, Node, NodeId, Parallelism, TextSpan};
pub use physical_plan::{DEFAULT_KEY_GROUPS, PhysicalPlan};
pub use spec::{
    AfterImageSpec, CalcSpec, ErrorPolicy, EventTimeSpec, ExpandSpec, GroupAggregateSpec, InProcessSinkSpec,
    NamedExpression, OperatorSpec, SinkSpec, SourceColumn, SourceKind, SourceSpec, StateTtl,
    WindowAggregateSpec, WindowAssignSpec,
};
pub use window::{WindowSpec, WindowTime};
