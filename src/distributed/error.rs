//! What can go wrong between a program and its cluster.

use std::fmt;

use eventflux_core::Error as EngineError;
use eventflux_distributed::node::SubmitError;

use crate::error::{AppError, BuildError};

/// Why a text does not run on a cluster.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DistributedError {
    /// The configuration cannot work.
    #[error("{0}")]
    Configuration(String),
    /// The text cannot be run.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The runtime cannot do what it is asked.
    #[error(transparent)]
    App(#[from] AppError),
    /// The node, or the cluster, cannot do what it should.
    #[error(transparent)]
    Cluster(#[from] eventflux_distributed::Error),
    /// The cluster does not take the text.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The process is not part of the cluster in time.
    #[error("node `{node}` has not become part of the cluster `{cluster}` within {waited_s} s: {obstacle}")]
    NotJoined {
        /// The node's name.
        node: String,
        /// The cluster's name.
        cluster: String,
        /// Seconds.
        waited_s: u64,
        /// What is in the way.
        obstacle: String,
    },
    /// The pipeline has failed for good.
    #[error("the pipeline `{name}` has failed: {message}")]
    Failed {
        /// Its name.
        name: String,
        /// Why.
        message: String,
    },
    /// Somebody else has removed the pipeline.
    #[error("the pipeline `{name}` was removed from the cluster")]
    Removed {
        /// Its name.
        name: String,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// `main` shows an error by `Debug`: it should be readable there, too.
impl fmt::Debug for DistributedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
