//! What the cluster has agreed on.

mod answered;
mod cluster_state;
mod epochs;
mod members;
mod pipelines;
mod snapshot;
#[cfg(test)]
mod state_test;

pub use cluster_state::ClusterState;
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};
