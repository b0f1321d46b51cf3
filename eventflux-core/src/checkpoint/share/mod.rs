//! Checkpoints of a run whose loops are shared out among processes: each stores what its own loops hand over, and tells the
//! one that coordinates.
//!
//! ```text
//! loops ──parts──► stager ──segments, notes──► store
//!                     └──────staged──────────► coordinator ──manifest──► store
//! ```

mod report;
mod stager;

pub use report::{ShareReport, StagedPart};
pub(crate) use stager::{Gathered, Stager};
