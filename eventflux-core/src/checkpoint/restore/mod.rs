//! The way back: from a manifest to operators, sources and sinks at any parallelism.

mod fit;
mod restored;
mod start;

pub(crate) use fit::Fit;
pub use fit::{Fate, OperatorFate, StateFit};
pub(crate) use restored::Restored;
pub(crate) use start::Start;
