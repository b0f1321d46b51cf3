//! The runtime: a plan becomes loops, loops are driven by threads or by a stepper.
//!
//! **Shapes** A [`PhysicalPlan`](crate::plan::PhysicalPlan) and a [`RuntimeConfig`] go in. Each loop owns a chain of
//! operators and a mailbox; loops are connected by edges that are bounded in bytes.
//!
//! ```text
//! plan ──layout──► which operators share a loop, how many subtasks ──builder──► loops
//!
//! loop:  source + rim ─┐                       ┌─► sink
//!                      ├─► operators (calls) ──┼─► this process
//!        mailbox ──────┘                       └─► exchange ──► mailboxes of other loops
//! ```
//!
//! **Invariants** One loop owns each operator: there are no locks on the data path. What a query gives does not depend on
//! parallelism, batch size or who drives the loops. Waiting for those behind is measured as backpressure, never as idleness.
//! A loop that fails or panics ends the run with its error.
//!
//! A run may be shared out among processes, each of which runs some of its loops ([`Share`]); somebody outside of the engine says when
//! checkpoints are taken, and commits them. All make the same plan, so that numbers of loops and edges mean the same everywhere.
//!
//! **Absent on purpose** Wires between nodes (an edge is made in one place, `graph::builder`; [`RemoteSender`] and [`EdgeFeed`] are its two
//! ends where a wire is to lie between) and when checkpoints are taken
//! (loops know a [`Checkpointer`](crate::checkpoint::Checkpointer)).

mod chain;
mod checkpointing;
mod committers;
mod config;
mod edge;
mod ends;
mod exchange;
mod graph;
mod in_process;
mod memory;
mod merge;
mod meter;
mod operators;
mod order;
mod orders;
mod outcome;
mod running;
mod runtime;
mod share;
mod source;
mod spawn;
mod staff;
mod stepper;
mod subtask;
mod task;
mod trouble;

pub use config::RuntimeConfig;
#[cfg(any(test, feature = "testing"))]
pub use edge::DetachedEnd;
pub use edge::{EdgeFeed, EdgeId, EdgeTarget, RemoteEdges, RemoteSender};
pub use graph::{LoopShape, Wiring};
pub use memory::MemoryLimit;
pub(crate) use memory::{ColdStates, LoopRows};
pub(crate) use orders::Commander;
pub use orders::{Orders, Phase};
pub use trouble::TroubleReport;
pub(crate) use trouble::Troubles;

pub use in_process::{InProcessEnds, Input, InputError, Outlet, OutputStream};
pub use outcome::{RunEnd, RunSummary};
pub use running::RunningApp;
pub use runtime::Runtime;
pub use share::{PreparedShare, RunningShare, Share, ShareOrders};
pub use stepper::{Emission, Stepper};
pub use trouble::Trouble;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
