//! Checkpoints of a run whose loops are shared out among processes: each stores what its own loops hand over, and says so. Somebody
//! else makes manifests of that; what they commit, the sinks of each process make visible.
//!
//! ```text
//! loops ──parts──► stager ──segments, notes──► store ◄──manifests── whoever coordinates
//!                     └──────staged──────────────────────────────────►  │ committed
//!                 deliverer ◄──notes── store                            ▼
//!                     └─────────────────────────────────── sinks make visible
//! ```

mod deliverer;
mod report;
mod stager;

pub(crate) use deliverer::{Deliverer, SinkDelivery};
pub use report::{ShareReport, StagedPart};
pub(crate) use stager::{Gathered, Stager};
