//! Where a checkpoint's parts go: the seam between the loops and a coordinator.
//!
//! Without a [`Checkpointer`] nothing of this costs anything: no barrier is sent and no operator tracks what changed.

mod checkpointer;
pub mod manifest;

pub use checkpointer::{Checkpointer, Participant};
