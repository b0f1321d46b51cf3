//! A run's limit of memory: who gets which part of it, and where the rest goes.
//!
//! ```text
//! limit ─┬─ 1/2   state in memory, in equal parts for all subtasks of operators that may have cold rows
//!        ├─ 1/8   rows on their way between loops, and to them
//!        ├─ 1/16  what was read from the cold tier last
//!        └─ rest  what a checkpoint writes; batches at work
//! ```
//!
//! The program itself, its libraries and its threads come on top.

mod cold_states;
mod limit;
mod share;
mod tiers;

pub(crate) use cold_states::{ColdStates, LoopRows};
pub use limit::MemoryLimit;
pub(crate) use share::Memory;
