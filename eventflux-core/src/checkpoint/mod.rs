//! Checkpoints: the parts that loops hand over, the coordinator that makes a checkpoint of them, and the way back.
//!
//! ```text
//! coordinator ──barrier n──► sources ──► … ──► sinks          parts: state, positions, notes, acknowledgements
//!      ▲                        │               │                          │
//!      └────────────────────────┴───────────────┴──────────────────────────┘
//! all acknowledged ──► segments and notes stored ──► manifest put: n is committed ──► sinks deliver, sources are told
//! ```
//!
//! Without a [`Checkpointer`] nothing of this costs anything: no barrier is sent and no operator tracks what changed.

mod checkpointer;
mod config;
pub(crate) mod coordinator;
pub mod manifest;
mod part;
pub(crate) mod restore;
mod revision;
mod savepoint;
pub(crate) mod share;

pub use checkpointer::Checkpointer;
pub use config::{CheckpointConfig, StartFrom};
pub use coordinator::KeptCheckpoint;
pub use part::{CheckpointPart, LoopId, Participant, SourceCut, SourceTimes};
pub use restore::{Fate, OperatorFate, StateFit};
pub use revision::{Revision, block_on_store, revisions};
pub use savepoint::{Inspection, OperatorState, create_savepoint, inspect};
pub use share::{ShareReport, StagedPart};
