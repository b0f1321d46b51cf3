//! What joins nodes: how frames travel between them, and how they agree.

pub mod cluster_node;
pub mod consensus;
pub mod coordinator;
mod error;
pub mod node;
mod sabotage;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
pub mod transport;
pub mod worker;

pub use error::{Error, Result};
