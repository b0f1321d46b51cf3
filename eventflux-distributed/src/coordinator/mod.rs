//! The coordinator: what the cluster has agreed on, and what follows from it.
//!
//! ```text
//!                     commands                           orders (term, generation)
//!  clients ───► overseer (leader) ───► Raft ───► state          ┌──────► workers
//!                  ▲      │                        │            │           │
//!                  │      └────────────────────────┼────────────┘           │
//!                  └── events, time ───────────────┴────── reports ─────────┘
//! ```
//!
//! [`ClusterState`] is what all voters have alike: [`ClusterState::apply`] takes a [`Command`] and never fails. [`Overseer`]
//! exists on the leader only: events and time in, [`Action`]s out. Neither does I/O or knows a clock, so both run in the
//! simulator unchanged.
//!
//! **Fencing** Orders carry the leader's term and the pipeline's generation, commits name the generation, and receivers
//! check. No decision depends on clocks: a lease only saves work. `docs/design/cluster-commit.md` says why epochs are
//! committed in this way.

mod assignment;
mod command;
mod node;
mod order;
mod outcome;
pub mod overseer;
mod pipeline;
pub mod planner;
mod report;
mod state;

pub use assignment::{Assignment, Placement, SplitPlacement, Standbys};
pub use command::{
    AbortEpoch, BeginEpoch, BeginGeneration, Change, Command, CommandId, CommitEpoch, Configure,
    DeliveredNotes, FailPipeline, HaltPipeline, NodeIncarnation, NodeRef, PipelineRef, SetDesired,
    SetSources,
};
pub use node::{Member, NodeId, NodeSpec, Standing};
pub use order::{Fence, Order, PipelineOrder, Prepare};
pub use outcome::{Outcome, Refusal};
pub use overseer::{Action, Asker, Event, Overseer, OverseerConfig, ProposalKey, PublishFailure};
pub use pipeline::{
    Committed, Desired, ManifestRef, Pipeline, PipelineId, PipelineSpec, Setting, SourceSplits,
};
pub use report::{
    Failure, LoopPart, NodeReport, NodeStatus, PartContent, PipelineEvent, PipelineReport, PipelineStatus,
    Report, RunPhase,
};
pub use state::{ClusterState, SNAPSHOT_VERSION, SnapshotError};
