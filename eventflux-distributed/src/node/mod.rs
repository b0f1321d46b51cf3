//! A node that takes part in a cluster and runs its parts of pipelines.
//!
//! **Shapes** A [`NodeConfig`] goes in. The leader's orders come through [`ClusterNode`](crate::cluster_node::ClusterNode), the decisions
//! of this node are those of [`Worker`](crate::worker::Worker), and what it decides is carried out here: texts become runs
//! ([`Programs`]), runs restore and connect, loops read and write.
//!
//! ```text
//! leader ──orders──► ClusterNode ──► Executor { Worker } ──► one part per pipeline: plan, connect, restore, run
//!        ◄─reports──             ◄──                     ◄── prepared, stored, delivered, failed
//!                                                             ▲ rows
//! other nodes ◄══════════════ Endpoint, Routes ═══════════════╝
//! ```
//!
//! **Invariants** Nothing that the executor does waits: what takes time is a task of its own, and heartbeats go on. A part is torn down
//! before the next generation of its pipeline begins here, or, if it does not let go in time, without it: generations fence it.
//!
//! **Absent on purpose** Compilers and connectors, which [`Programs`] brings; decisions, which are the coordinator's and the worker's.

mod config;
mod data_directory;
mod executor;
mod loop_placement;
mod node;
mod part;
mod peers;
mod programs;
mod routes;
mod submission;

pub use config::{CheckpointOptions, DataPlane, NodeConfig};
pub use data_directory::DataDirectory;
pub use node::Node;
pub use programs::{Program, ProgramError, ProgramRun, Programs};
pub use submission::{Submission, SubmitError};
